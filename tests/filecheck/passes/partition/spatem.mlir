// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem alternatives=0}' --split-input-file | filecheck %s

// Algorithm 1 on 16 crossbars of 16 x 16 cells, OUs of 4 x 4.

cnn.network @dense(%x: tensor<16xui8>) {
  // One window: the matrix is cut into tiles of one OU, one for each crossbar.

  // CHECK: mvm.layer @fc {{.*}} matrix 16x16 windows 1 grid <hwm = 4, wwm = 4, iw = 1 cyclic, ib = 1, tile 4x4>
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<16x16xsi2>> scale 0.5 : tensor<16xui8> -> tensor<16xui8>
  cnn.output %y : tensor<16xui8>
}

// -----

cnn.network @conv(%x: tensor<4x4x4xui8>) {
  // A matrix of one OU: its 16 windows and 8 input bits are dealt to copies.

  // CHECK: mvm.layer @conv {{.*}} matrix 4x4 windows 16 grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 2, tile 4x4>
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x4x4xui8>
  cnn.output %y : tensor<4x4x4xui8>
}

// -----

cnn.network @shared(%x: tensor<4x4x4xui8>) {
  // Each of the two layers gets 16 tiles: up to L = 2 layers may share a crossbar.

  // CHECK: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 2, tile 4x4>
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x4x4xui8>

  // CHECK: mvm.layer @b {{.*}} grid <hwm = 4, wwm = 1, iw = 4 cyclic, ib = 1, tile 4x4>
  %b = cnn.conv @b %a <2x2, strides 2x2> weights #cnn.seeded<1, tensor<4x4x2x2xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  cnn.output %b : tensor<4x2x2xui8>
}
// CHECK-NOT: mvm.alternative
