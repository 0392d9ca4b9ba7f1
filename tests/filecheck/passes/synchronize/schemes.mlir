// RUN: spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition{strategy=minimum},pack,assign,synchronize' | filecheck %s --check-prefix=LINEAR
// RUN: spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition{strategy=minimum},pack,assign,synchronize{scheme=cyclic}' | filecheck %s --check-prefix=CYCLIC
// RUN: spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition{strategy=minimum},pack,assign,synchronize{scheme=sequential}' | filecheck %s --check-prefix=SEQUENTIAL
// RUN: spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition{strategy=minimum},pack,assign,order' | filecheck %s --check-prefix=LINEAR
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign,synchronize' | filecheck %s --check-prefix=HOME
// RUN: not spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition,pack,assign,synchronize,synchronize' 2>&1 | filecheck %s --match-full-lines --check-prefix=TWICE
// RUN: not spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition,pack,assign,synchronize{scheme=round}' 2>&1 | filecheck %s --match-full-lines --check-prefix=SCHEME
// RUN: not spatem-opt %s --accelerator pelke-bus --pass-pipeline='partition,pack,synchronize' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// A matrix of 600 rows in crossbars of 256 wordlines: three parts, which visit 16 windows.

// LINEAR: pxb.turns @conv from 0
// CYCLIC: pxb.turns @conv from 0 to 11 step 5
// SEQUENTIAL: pxb.turns @conv from 0 in sequence

// Where partial sums meet at home there is nothing to say.

// HOME-NOT: pxb.turns

// TWICE: spatem-opt: synchronize: the module holds pxb.turns already
// SCHEME: spatem-opt: synchronize: unknown scheme 'round'; one of linear, cyclic, sequential
// LEVEL: spatem-opt: synchronize: the module holds no pxb.stage; run assign first

cnn.network @net(%x: tensor<600x4x4xui1>) {
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<1x600x1x1xsi2>> scale 0.5 : tensor<600x4x4xui1> -> tensor<1x4x4xui8>
  cnn.output %y : tensor<1x4x4xui8>
}
