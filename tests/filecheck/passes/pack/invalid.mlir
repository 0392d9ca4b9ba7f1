// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack{method=best}' 2>&1 | filecheck %s --match-full-lines --check-prefix=METHOD
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack{strategy=spatem}' 2>&1 | filecheck %s --match-full-lines --check-prefix=STRATEGY
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack{balance=energy}' 2>&1 | filecheck %s --match-full-lines --check-prefix=BALANCE
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack{tiles=2}' 2>&1 | filecheck %s --match-full-lines --check-prefix=OPTION
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='pack' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// METHOD: spatem-opt: pack: unknown method 'best'; one of auto, spatem, exclusive, floor-plan
// STRATEGY: spatem-opt: pack: there is no option 'strategy', which is partition's; write 'method'
// BALANCE: spatem-opt: pack: unknown balance 'energy'; one of cells, time
// OPTION: spatem-opt: --pass-pipeline 'partition,pack{tiles=2}': Provided arguments ["tiles"] not found in expected arguments ["method", "balance", "gather", "spare"]
// LEVEL: spatem-opt: pack: the module holds no mvm.layer; run partition first

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
