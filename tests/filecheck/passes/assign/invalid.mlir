// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign{method=random}' 2>&1 | filecheck %s --match-full-lines --check-prefix=METHOD
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign{homes=port}' 2>&1 | filecheck %s --match-full-lines --check-prefix=HOMES
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign{seed=1}' 2>&1 | filecheck %s --match-full-lines --check-prefix=OPTION
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,assign' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign,assign' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// METHOD: spatem-opt: assign: unknown method 'random'; one of auto, spatem, sequential
// HOMES: spatem-opt: assign: unknown homes 'port'; one of tiles, pool
// OPTION: spatem-opt: --pass-pipeline 'partition,pack,assign{seed=1}': Provided arguments ["seed"] not found in expected arguments ["method", "homes", "pieces", "poolings"]
// LEVEL: spatem-opt: assign: the module holds no vxb.stage; run pack first

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
