// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{gather=false}' | filecheck %s --check-prefixes=CHECK,SHARED
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=exclusive}' | filecheck %s --check-prefixes=CHECK,EXCLUSIVE

// The first strategy that fits on 16 crossbars wins; its grids replace those of the layers, and no
// alternative is left.

cnn.network @net(%x: tensor<2x6x6xui8>) {
  // 18 tiles of 9 x 16 cells, none of which can share; 30 of 6 x 16, which can; 16 of 9 x 16.

  // SHARED: mvm.layer @conv {{.*}} grid <hwm = 3, wwm = 1, iw = 10 cyclic, ib = 1, tile 6x16>
  // EXCLUSIVE: mvm.layer @conv {{.*}} grid <hwm = 2, wwm = 1, iw = 8 cyclic, ib = 1, tile 9x16>
  %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<16x2x3x3xsi2>> scale 0.5 matrix 18x16 windows 16 grid <hwm = 2, wwm = 1, iw = 9 cyclic, ib = 1, tile 9x16> : tensor<2x6x6xui8> -> tensor<16x4x4xui8>
  cnn.output %conv : tensor<16x4x4xui8>
}
// CHECK-NOT: mvm.alternative
mvm.alternative [<hwm = 3, wwm = 1, iw = 10 cyclic, ib = 1, tile 6x16>]
mvm.alternative [<hwm = 2, wwm = 1, iw = 8 cyclic, ib = 1, tile 9x16>]

// CHECK: vxb.stage 0 {
// SHARED-NEXT: vxb.place @conv tiles 0 to 16 crossbars 0 to 16 at [0, 0]
// SHARED-NEXT: vxb.place @conv tiles 16 to 30 crossbars 0 to 14 at [6, 0]
// EXCLUSIVE-NEXT: vxb.place @conv tiles 0 to 16 crossbars 0 to 16 at [0, 0]
// CHECK-NEXT: }
