// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | filecheck %s --match-full-lines --check-prefix=GENERIC

// Of three channel groups two are joined: a tile of two matrices and a tile of one.

// CHECK: cnn.network @net(%x: tensor<3x2x2xui2>) {
cnn.network @net(%x: tensor<3x2x2xui2>) {
  // CHECK-NEXT: %y = mvm.layer @conv %x <2x2> groups 3 weights #cnn.seeded<0, tensor<3x1x2x2xsi4>> scale 0.5 matrix 3 of 4x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 4x1> : tensor<3x2x2xui2> -> tensor<3x1x1xui2>
  // GENERIC: %y = "mvm.layer"(%x) <{sym_name = "conv", window = #cnn.window<2x2>, groups = 3 : i64, weights = #cnn.seeded<0, tensor<3x1x2x2xsi4>>, weight_scale = 5.000000e-01 : f32, matrix = #mvm.matrix<3 of 4x1 windows 1>, grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 4x1>, weight_zero_point = 0 : i64}> : (tensor<3x2x2xui2>) -> tensor<3x1x1xui2>
  %y = mvm.layer @conv %x <2x2> groups 3 weights #cnn.seeded<0, tensor<3x1x2x2xsi4>> scale 0.5 matrix 3 of 4x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 4x1> : tensor<3x2x2xui2> -> tensor<3x1x1xui2>
  cnn.output %y : tensor<3x1x1xui2>
}

// Matrices of a tile stand one below the other: the tiles have 8 and 4 wordlines, the slices of the
// result 2 channels and 1.

// CHECK: pxb.stage 0 {
pxb.stage 0 {
  // CHECK-NEXT: pxb.place @conv tiles 0 to 2 crossbars 0 at [[4, 0], 0]
  pxb.place @conv tiles 0 to 2 crossbars 0 at [[4, 0], 0]
  // CHECK-NEXT: pxb.home @conv pes [1, 0]
  pxb.home @conv pes [1, 0]
}
ou.stage 0 {
  // A window of each of two matrices.

  // CHECK: ou.due @conv at [1, 0]
  ou.due @conv at [1, 0]
}
