// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum}' | filecheck %s --match-full-lines

// Every weight layer becomes an mvm.layer that states its matrix; all else stays as it is.

// CHECK: cnn.network @net(%x: tensor<2x6x6xui8>) {
cnn.network @net(%x: tensor<2x6x6xui8>) {

  // CHECK-NEXT: %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 matrix 18x4 windows 16 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x4> : tensor<2x6x6xui8> -> tensor<4x4x4xui8>
  %conv = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 : tensor<2x6x6xui8> -> tensor<4x4x4xui8>

  // CHECK-NEXT: %groups = mvm.layer @groups %conv <2x2, strides 2x2> groups 2 weights #cnn.seeded<1, tensor<4x2x2x2xui4>> scale dense<5.000000e-01> : tensor<4xf32> zero_point 8 bias #cnn.seeded<2, tensor<4xsi32>> matrix 2 of 8x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 8x2> : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  %groups = cnn.conv @groups %conv <2x2, strides 2x2> groups 2 weights #cnn.seeded<1, tensor<4x2x2x2xui4>> scale dense<0.5> : tensor<4xf32> zero_point 8 bias #cnn.seeded<2, tensor<4xsi32>> : tensor<4x4x4xui8> -> tensor<4x2x2xui8>

  // CHECK-NEXT: %relu = cnn.relu @relu %groups : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %relu = cnn.relu @relu %groups : tensor<4x2x2xui8> -> tensor<4x2x2xui8>

  // CHECK-NEXT: %local = mvm.layer @local %relu <1x1> region <1x2> weights #cnn.seeded<3, tensor<2x3x4x1x1xsi2>> scale 0.5 matrix 2 of 4x3 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x3> : tensor<4x2x2xui8> -> tensor<3x2x2xui8>
  %local = cnn.local @local %relu <1x1> region <1x2> weights #cnn.seeded<3, tensor<2x3x4x1x1xsi2>> scale 0.5 : tensor<4x2x2xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %flat = cnn.flatten %local : tensor<3x2x2xui8> -> tensor<12xui8>
  %flat = cnn.flatten %local : tensor<3x2x2xui8> -> tensor<12xui8>

  // CHECK-NEXT: %dense = mvm.layer @dense %flat <1x1> weights #cnn.seeded<4, tensor<5x12xsi8>> scale 0.5 matrix 12x5 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 12x3> : tensor<12xui8> -> tensor<5xsi8>
  %dense = cnn.dense @dense %flat weights #cnn.seeded<4, tensor<5x12xsi8>> scale 0.5 : tensor<12xui8> -> tensor<5xsi8>

  // CHECK-NEXT: cnn.output %dense : tensor<5xsi8>
  cnn.output %dense : tensor<5xsi8>
}
