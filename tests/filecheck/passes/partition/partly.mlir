// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem}' | filecheck %s

// Layers that were partitioned before, by hand or by another pass, keep their grid.  Alternatives
// are of the whole network, so there are none.

cnn.network @net(%x: tensor<4x4x4xui8>) {
  // CHECK: mvm.layer @a {{.*}} grid <hwm = 2, wwm = 1, iw = 3 blocks, ib = 1, tile 3x4>
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 16 grid <hwm = 2, wwm = 1, iw = 3 blocks, ib = 1, tile 3x4> : tensor<4x4x4xui8> -> tensor<4x4x4xui8>
  // CHECK: mvm.layer @b {{.*}} grid <hwm = 4, wwm = 1, iw = 4 cyclic, ib = 1, tile 4x4>
  %b = cnn.conv @b %a <2x2, strides 2x2> weights #cnn.seeded<1, tensor<4x4x2x2xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  cnn.output %b : tensor<4x2x2xui8>
}
// CHECK-NOT: mvm.alternative
