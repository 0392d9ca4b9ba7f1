// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order,expand-ou{until=streams}' | filecheck %s

// Crossbars 1 and 2 hold tiles of the same layers, but of different copies: in one order for both,
// crossbar 2 would wait for a window of @d that needs a later visit of its own.

cnn.network @net(%x: tensor<16x1x6xui8>) {
  // Finishes a window every 512 cycles.
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<16x16x1x1xsi2>> scale 0.5 matrix 16x16 windows 6 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 16x16> : tensor<16x1x6xui8> -> tensor<16x1x6xui8>
  // Windows 0 to 2 are finished 128 cycles after those of @a.
  %c = mvm.layer @c %a <1x1> weights #cnn.seeded<1, tensor<4x16x1x1xsi2>> scale 0.5 matrix 16x4 windows 6 grid <hwm = 1, wwm = 1, iw = 3 cyclic, ib = 1, tile 16x4> : tensor<16x1x6xui8> -> tensor<4x1x6xui8>
  %d = mvm.layer @d %c <1x1> weights #cnn.seeded<2, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 6 grid <hwm = 1, wwm = 1, iw = 3 cyclic, ib = 1, tile 4x4> : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  cnn.output %d : tensor<4x1x6xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @c tiles 0 to 3 crossbars [3, 1, 2] at [0, 0]
  pxb.place @d tiles 0 to 3 crossbars [1, 4, 2] at [0, 4]
  pxb.home @a pes 0
  pxb.home @c pes 0
  pxb.home @d pes 0
}

// Window 0 of @d is ready before window 1 of @c.

// CHECK: ou.stream crossbars 1 {
// CHECK-NEXT: ou.interleave by [1, 0 to 2, 0] {
// CHECK-NEXT: ou.mvm @c windows 0 to 2
// CHECK-NEXT: ou.mvm @d windows 0 to 2
// CHECK-NEXT: }
// CHECK-NEXT: }

// Window 2 of @d needs window 2 of @c.

// CHECK-NEXT: ou.stream crossbars 2 {
// CHECK-NEXT: ou.interleave by [0 to 2, 0 to 2] {
// CHECK-NEXT: ou.mvm @c windows 0 to 2
// CHECK-NEXT: ou.mvm @d windows 0 to 2
// CHECK-NEXT: }
// CHECK-NEXT: }
