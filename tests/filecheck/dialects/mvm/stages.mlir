// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | spatem-opt | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}

// CHECK: mvm.stage 0 from @a {
// CHECK-NEXT: mvm.packing "exclusive"
// CHECK-NEXT: }
mvm.stage 0 from @a {
  mvm.packing "exclusive"
}

// CHECK-NEXT: mvm.stage 1 from @b attributes {note = "kept"} {
// CHECK-NEXT: mvm.alternative [
// CHECK-NEXT: <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x2>]
// CHECK-NEXT: }
mvm.stage 1 from @b attributes {note = "kept"} {
  mvm.alternative [<hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x2>]
}
