// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order,expand-ou{limit=96}' | filecheck %s
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order,expand-ou{limit=95}' 2>&1 | filecheck %s --match-full-lines --check-prefix=LIMIT
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,pack,assign,expand-ou' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// 4 windows of a tile of 3 x 1 OUs, 8 bits each: 96 operations.

// CHECK: ou.activate bits 7 rows 8 columns 0 to 4
// LIMIT: spatem-opt: expand-ou: the program has 96 OU operations, more than limit=95
// LEVEL: spatem-opt: expand-ou: the module holds no ou.stage; run order first

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %y = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  cnn.output %y : tensor<4x2x2xui8>
}
