// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem stages=1}' 2>&1 | filecheck %s --match-full-lines
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum stages=1}' 2>&1 | filecheck %s --match-full-lines

// 65 x 64 weights of one cell are more than 16 crossbars of 256 cells.

// CHECK: spatem-opt: the network does not fit: its weights need at least 17 crossbars, 'tiny' has 16
cnn.network @net(%x: tensor<64xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<65x64xsi2>> scale 0.5 : tensor<64xui8> -> tensor<65xui8>
  cnn.output %y : tensor<65xui8>
}
