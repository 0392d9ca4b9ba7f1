// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic | filecheck %s --match-full-lines --check-prefix=GENERIC

// CHECK: cnn.network @net(%x: tensor<2x6x6xui8>) {
cnn.network @net(%x: tensor<2x6x6xui8>) {

  // A convolution: rows = input channels x 3 x 3, columns = output channels.

  // CHECK-NEXT: %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 matrix 18x4 windows 16 grid <hwm = 2, wwm = 1, iw = 3 cyclic, ib = 2, tile 9x4> : tensor<2x6x6xui8> -> tensor<4x4x4xui8>
  // GENERIC: %conv = "mvm.layer"(%x) <{sym_name = "conv", window = #cnn.window<3x3>, weights = #cnn.seeded<0, tensor<4x2x3x3xsi2>>, weight_scale = 5.000000e-01 : f32, matrix = #mvm.matrix<18x4 windows 16>, grid = #mvm.grid<hwm = 2, wwm = 1, iw = 3 cyclic, ib = 2, tile 9x4>, groups = 1 : i64, weight_zero_point = 0 : i64}> : (tensor<2x6x6xui8>) -> tensor<4x4x4xui8>
  %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 matrix 18x4 windows 16 grid <hwm = 2, wwm = 1, iw = 3 cyclic, ib = 2, tile 9x4> : tensor<2x6x6xui8> -> tensor<4x4x4xui8>

  // Channel groups: one matrix for each.

  // CHECK-NEXT: %groups = mvm.layer @groups %conv <1x1, strides 2x2> groups 2 weights #cnn.seeded<1, tensor<2x2x1x1xui4>> scale dense<5.000000e-01> : tensor<2xf32> zero_point 8 bias #cnn.seeded<2, tensor<2xsi32>> requantize "fixed-point" matrix 2 of 2x1 windows 4 grid <hwm = 1, wwm = 1, iw = 2 blocks, ib = 1, tile 2x1> : tensor<4x4x4xui8> -> tensor<2x2x2xui8>
  // GENERIC: %groups = "mvm.layer"(%conv) <{sym_name = "groups", window = #cnn.window<1x1, strides 2x2>, groups = 2 : i64, weights = #cnn.seeded<1, tensor<2x2x1x1xui4>>, weight_scale = dense<5.000000e-01> : tensor<2xf32>, weight_zero_point = 8 : i64, bias = #cnn.seeded<2, tensor<2xsi32>>, requantize = "fixed-point", matrix = #mvm.matrix<2 of 2x1 windows 4>, grid = #mvm.grid<hwm = 1, wwm = 1, iw = 2 blocks, ib = 1, tile 2x1>}> : (tensor<4x4x4xui8>) -> tensor<2x2x2xui8>
  %groups = mvm.layer @groups %conv <1x1, strides 2x2> groups 2 weights #cnn.seeded<1, tensor<2x2x1x1xui4>> scale dense<0.5> : tensor<2xf32> zero_point 8 bias #cnn.seeded<2, tensor<2xsi32>> requantize "fixed-point" matrix 2 of 2x1 windows 4 grid <hwm = 1, wwm = 1, iw = 2 blocks, ib = 1, tile 2x1> : tensor<4x4x4xui8> -> tensor<2x2x2xui8>

  // A locally connected layer: one matrix for each region.

  // CHECK-NEXT: %local = mvm.layer @local %groups <1x1> region <1x2> weights #cnn.seeded<3, tensor<2x1x2x1x1xsi2>> scale 0.5 matrix 2 of 2x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 8, tile 2x1> : tensor<2x2x2xui8> -> tensor<1x2x2xui8>
  // GENERIC: %local = "mvm.layer"(%groups) <{sym_name = "local", window = #cnn.window<1x1>, region = #cnn.window<1x2>, weights = #cnn.seeded<3, tensor<2x1x2x1x1xsi2>>, weight_scale = 5.000000e-01 : f32, matrix = #mvm.matrix<2 of 2x1 windows 2>, grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 8, tile 2x1>, groups = 1 : i64, weight_zero_point = 0 : i64}> : (tensor<2x2x2xui8>) -> tensor<1x2x2xui8>
  %local = mvm.layer @local %groups <1x1> region <1x2> weights #cnn.seeded<3, tensor<2x1x2x1x1xsi2>> scale 0.5 matrix 2 of 2x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 8, tile 2x1> : tensor<2x2x2xui8> -> tensor<1x2x2xui8>

  // CHECK-NEXT: %flat = cnn.flatten %local : tensor<1x2x2xui8> -> tensor<4xui8>
  %flat = cnn.flatten %local : tensor<1x2x2xui8> -> tensor<4xui8>

  // A dense layer: a window of one position on a flat tensor.

  // CHECK-NEXT: %dense = mvm.layer @dense %flat <1x1> weights #cnn.seeded<4, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x1> : tensor<4xui8> -> tensor<2xsi8>
  // GENERIC: %dense = "mvm.layer"(%flat) <{sym_name = "dense", window = #cnn.window<1x1>, weights = #cnn.seeded<4, tensor<2x4xsi2>>, weight_scale = 5.000000e-01 : f32, matrix = #mvm.matrix<4x2 windows 1>, grid = #mvm.grid<hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x1>, groups = 1 : i64, weight_zero_point = 0 : i64}> : (tensor<4xui8>) -> tensor<2xsi8>
  %dense = mvm.layer @dense %flat <1x1> weights #cnn.seeded<4, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x1> : tensor<4xui8> -> tensor<2xsi8>

  // CHECK-NEXT: cnn.output %dense : tensor<2xsi8>
  cnn.output %dense : tensor<2xsi8>
}

// CHECK: mvm.alternative [
// CHECK-NEXT: <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 18x4>,
// CHECK-NEXT: <hwm = 2, wwm = 1, iw = 4 blocks, ib = 1, tile 1x1>,
// CHECK-NEXT: <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 2x1>,
// CHECK-NEXT: <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>]
// GENERIC: "mvm.alternative"() <{grids = [#mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 18x4>, #mvm.grid<hwm = 2, wwm = 1, iw = 4 blocks, ib = 1, tile 1x1>, #mvm.grid<hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 2x1>, #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>]}> : () -> ()
mvm.alternative [<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 18x4>, <hwm = 2, wwm = 1, iw = 4 blocks, ib = 1, tile 1x1>, <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 2x1>, <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>]

// CHECK: mvm.packing "exclusive"
// GENERIC: "mvm.packing"() <{method = "exclusive"}> : () -> ()
mvm.packing "exclusive"
