// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order,expand-ou{until=streams}' | filecheck %s --check-prefixes=CHECK,ASAP
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order{method=asap},expand-ou{until=streams}' | filecheck %s --check-prefixes=CHECK,ASAP
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order{method=layer},expand-ou{until=streams}' | filecheck %s --check-prefixes=CHECK,LAYER

// A visit takes 8 OU operations of 4 cycles, its results are valid a cycle later.

cnn.network @net(%x: tensor<4x1x6xui8>) {
  // Finishes a window every 32 cycles, from cycle 34 on.
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 6 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  // Windows 0, 2, 4 of the first copy are ready in cycles 34, 98, 162, those of the second in
  // cycles 66, 130, 194; each finishes 33 cycles later.
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 6 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x4> : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  // A window reads two positions of @b and is ready in cycles 99, 163, 227.
  %c = mvm.layer @c %b <1x2, strides 1x2> weights #cnn.seeded<2, tensor<4x4x1x2xsi2>> scale 0.5 matrix 8x4 windows 3 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4x1x6xui8> -> tensor<4x1x3xui8>
  cnn.output %c : tensor<4x1x3xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 4 at [0, 0]
  pxb.place @b tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.place @c tiles 0 to 2 crossbars 0 to 2 at [4, 4]
  pxb.home @a pes 1
  pxb.home @b pes 0
  pxb.home @c pes 0
}

// CHECK: ou.stage 0 {

// Visits of both layers in order of their ready times: @b, @b, @c, @b, @c, @c in the first crossbar,
// in turn in the second.

// ASAP-NEXT: ou.stream crossbars 0 {
// ASAP-NEXT: ou.interleave by [0 times 2, 1, 0 to 2, 1] {
// ASAP-NEXT: ou.mvm @b windows 0 to 3
// ASAP-NEXT: ou.mvm @c windows 0 to 3
// ASAP-NEXT: }
// ASAP-NEXT: }
// ASAP-NEXT: ou.stream crossbars 1 {
// ASAP-NEXT: ou.interleave by 0 to 2 repeat 3 {
// ASAP-NEXT: ou.mvm @b windows 0 to 3
// ASAP-NEXT: ou.mvm @c windows 0 to 3
// ASAP-NEXT: }
// ASAP-NEXT: }

// One layer after the other.

// LAYER-NEXT: ou.stream crossbars 0 to 2 {
// LAYER-NEXT: ou.mvm @b windows 0 to 3
// LAYER-NEXT: ou.mvm @c windows 0 to 3
// LAYER-NEXT: }

// CHECK-NEXT: ou.stream crossbars 4 {
// CHECK-NEXT: ou.mvm @a windows 0 to 6
// CHECK-NEXT: }
