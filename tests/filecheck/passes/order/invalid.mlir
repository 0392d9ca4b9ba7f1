// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign,order{method=alap}' 2>&1 | filecheck %s --match-full-lines --check-prefix=METHOD
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign,order{window=1}' 2>&1 | filecheck %s --match-full-lines --check-prefix=OPTION
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,order' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// METHOD: spatem-opt: order: unknown method 'alap'; one of auto, asap, layer
// OPTION: spatem-opt: --pass-pipeline 'partition,pack,assign,order{window=1}': Provided arguments ["window"] not found in expected arguments ["method", "programs", "merge", "buffers"]
// LEVEL: spatem-opt: order: the module holds no pxb.stage; run assign first

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
