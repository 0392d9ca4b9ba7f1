// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac}' | filecheck %s --check-prefixes=CHECK,ISAAC
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=hitm}' | filecheck %s --check-prefixes=CHECK,HITM
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac-stride}' | filecheck %s --check-prefixes=CHECK,STRIDE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac-stride pooling_strides=false}' | filecheck %s --check-prefixes=CHECK,NOPOOL

// Matrices are cut by the crossbar's size only; windows are dealt to copies, 16 crossbars in all.

cnn.network @net(%x: tensor<2x8x8xui8>) {
  // 64 windows, 1 x 4 OUs x 8 bits each: 2048 OU operations.

  // ISAAC: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 2x16>
  // HITM: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 2x16>
  // STRIDE: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 13 cyclic, ib = 1, tile 2x16>
  // NOPOOL: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 2x16>
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<16x2x1x1xsi2>> scale 0.5 : tensor<2x8x8xui8> -> tensor<16x8x8xui8>
  %p = cnn.max_pool @p %a <2x2, strides 2x2> : tensor<16x8x8xui8> -> tensor<16x4x4xui8>
  // 16 windows, 4 x 4 OUs x 8 bits each: as many.  By strides it needs a quarter of the copies.

  // ISAAC: mvm.layer @b {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 16x16>
  // HITM: mvm.layer @b {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 16x16>
  // STRIDE: mvm.layer @b {{.*}} grid <hwm = 1, wwm = 1, iw = 3 cyclic, ib = 1, tile 16x16>
  // NOPOOL: mvm.layer @b {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 1, tile 16x16>
  %b = cnn.conv @b %p <1x1> weights #cnn.seeded<1, tensor<16x16x1x1xsi2>> scale 0.5 : tensor<16x4x4xui8> -> tensor<16x4x4xui8>
  cnn.output %b : tensor<16x4x4xui8>
}
// CHECK: mvm.packing "exclusive"
// CHECK-NOT: mvm.alternative
