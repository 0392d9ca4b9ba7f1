// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s --check-prefixes=CHECK,CELLS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{balance=cells}' | filecheck %s --check-prefixes=CHECK,CELLS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{balance=time}' | filecheck %s --check-prefixes=CHECK,TIME

// Each tile goes to the emptiest crossbar that can hold it, the lowest number among equals.

cnn.network @net(%x: tensor<8x2x2xui8>) {
  // 8 tiles of 8 x 8 cells, each for 4 windows: 64 cells, 128 OU operations.
  %conv = mvm.layer @conv %x <1x1> weights #cnn.seeded<0, tensor<64x8x1x1xsi2>> scale 0.5 matrix 8x64 windows 4 grid <hwm = 1, wwm = 8, iw = 1 cyclic, ib = 1, tile 8x8> : tensor<8x2x2xui8> -> tensor<64x2x2xui8>
  %pool = cnn.max_pool @pool %conv <2x2> : tensor<64x2x2xui8> -> tensor<64x1x1xui8>
  %flat = cnn.flatten %pool : tensor<64x1x1xui8> -> tensor<64xui8>
  // 8 tiles of 16 x 8 cells, each for 1 window: 128 cells, 64 OU operations.
  %fc1 = mvm.layer @fc1 %flat <1x1> weights #cnn.seeded<1, tensor<16x64xsi2>> scale 0.5 matrix 64x16 windows 1 grid <hwm = 4, wwm = 2, iw = 1 cyclic, ib = 1, tile 16x8> : tensor<64xui8> -> tensor<16xui8>
  // 10 tiles of 8 x 8 cells, each for 1 window: 64 cells, 32 OU operations.
  %fc2 = mvm.layer @fc2 %fc1 <1x1> weights #cnn.seeded<2, tensor<40x16xsi2>> scale 0.5 matrix 16x40 windows 1 grid <hwm = 2, wwm = 5, iw = 1 cyclic, ib = 1, tile 8x8> : tensor<16xui8> -> tensor<40xui8>
  cnn.output %fc2 : tensor<40xui8>
}

// CHECK: vxb.stage 0 {
// CHECK-NEXT: vxb.place @conv tiles 0 to 8 crossbars 0 to 8 at [0, 0]
// CHECK-NEXT: vxb.place @fc1 tiles 0 to 8 crossbars 8 to 16 at [0, 0]

// By cells, those of @conv are the emptiest until they hold 64 + 64 cells; then all are equal.

// CELLS-NEXT: vxb.place @fc2 tiles 0 to 8 crossbars 0 to 8 at [0, 8]
// CELLS-NEXT: vxb.place @fc2 tiles 8 to 10 crossbars 0 to 2 at [8, 0]

// By time, those of @fc1 are: they work for 64, then for 64 + 32 OU operations.

// TIME-NEXT: vxb.place @fc2 tiles 0 to 8 crossbars 8 to 16 at [0, 8]
// TIME-NEXT: vxb.place @fc2 tiles 8 to 10 crossbars 8 to 10 at [8, 8]

// CHECK-NEXT: }
