// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{gather=false}' --split-input-file | filecheck %s

// Tiles of one layer: largest shape first, and cut into what the tiles before left of a crossbar.

cnn.network @shapes(%x: tensor<40xui8>) {
  // Tiles 0, 1, 3, 4 have 16 x 16 cells, tiles 2 and 5 only 8 rows, 6 and 7 only 8 columns.
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<40x40xsi2>> scale 0.5 matrix 40x40 windows 1 grid <hwm = 3, wwm = 3, iw = 1 cyclic, ib = 1, tile 16x16> : tensor<40xui8> -> tensor<40xui8>
  cnn.output %y : tensor<40xui8>
}
// CHECK: vxb.stage 0 {
// CHECK-NEXT: vxb.place @fc tiles [0 to 2, 3 to 5, 2, 5 to 9] crossbars 0 to 9 at [0, 0]
// CHECK-NEXT: }

// -----

cnn.network @crossbars_filled(%x: tensor<8xui8>) {
  // 18 tiles of 8 x 16 cells: two on each of the first crossbars, one above the other.
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<288x8xsi2>> scale 0.5 matrix 8x288 windows 1 grid <hwm = 1, wwm = 18, iw = 1 cyclic, ib = 1, tile 8x16> : tensor<8xui8> -> tensor<288xui8>
  cnn.output %y : tensor<288xui8>
}
// CHECK: vxb.stage 0 {
// CHECK-NEXT: vxb.place @fc tiles 0 to 16 crossbars 0 to 16 at [0, 0]
// CHECK-NEXT: vxb.place @fc tiles 16 to 18 crossbars 0 to 2 at [8, 0]
// CHECK-NEXT: }

// -----

cnn.network @cells_of_a_weight(%x: tensor<4xui8>) {
  // Weights of 8 bits take 4 cells: tiles of 4 x 8 cells.
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<34x4xsi8>> scale 0.5 matrix 4x34 windows 1 grid <hwm = 1, wwm = 17, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<34xui8>
  cnn.output %y : tensor<34xui8>
}
// CHECK: vxb.stage 0 {
// CHECK-NEXT: vxb.place @fc tiles 0 to 16 crossbars 0 to 16 at [0, 0]
// CHECK-NEXT: vxb.place @fc tiles 16 crossbars 0 at [0, 8]
// CHECK-NEXT: }
