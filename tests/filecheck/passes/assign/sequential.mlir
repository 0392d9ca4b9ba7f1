// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{method=sequential}' | filecheck %s

// Virtual crossbar n becomes physical crossbar n.

cnn.network @net(%x: tensor<8xui8>) {
  // Each layer is 2 x 2 tiles: 0 and 1 feed the first column slice, 0 and 2 read the same rows.
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<8x8xsi2>> scale 0.5 matrix 8x8 windows 1 grid <hwm = 2, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<8xui8> -> tensor<8xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<8x8xsi2>> scale 0.5 matrix 8x8 windows 1 grid <hwm = 2, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<8xui8> -> tensor<8xui8>
  cnn.output %b : tensor<8xui8>
}
vxb.stage 0 {
  vxb.place @a tiles 0 to 4 crossbars [0, 4, 2, 6] at [0, 0]
  vxb.place @b tiles 0 to 4 crossbars [1, 5, 3, 7] at [8, 12]
}
// CHECK-NOT: vxb
// CHECK: pxb.stage 0 {
// CHECK-NEXT: pxb.place @a tiles 0 to 4 crossbars [0, 4, 2, 6] at [0, 0]
// CHECK-NEXT: pxb.place @b tiles 0 to 4 crossbars [1, 5, 3, 7] at [8, 12]

// PE 0 has crossbars 0 to 3, PE 1 crossbars 4 to 7: both hold one tile of each slice, and take
// turns.

// CHECK-NEXT: pxb.home @a pes 0 to 2
// CHECK-NEXT: pxb.home @b pes 0 to 2
// CHECK-NEXT: }
