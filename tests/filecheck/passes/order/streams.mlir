// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order,expand-ou{until=streams}' | filecheck %s

// Crossbars with tiles of the same layers and equally many windows run the same stream.

cnn.network @net(%x: tensor<1x4x7xui8>) {
  // 10 windows for 3 copies: copy 0 has 4, copies 1 and 2 have 3.
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 matrix 9x4 windows 10 grid <hwm = 1, wwm = 2, iw = 3 cyclic, ib = 1, tile 9x2> : tensor<1x4x7xui8> -> tensor<4x2x5xui8>
  %b = mvm.layer @b %a <2x5> weights #cnn.seeded<1, tensor<2x4x2x5xsi2>> scale 0.5 matrix 40x2 windows 1 grid <hwm = 5, wwm = 1, iw = 1 cyclic, ib = 1, tile 8x2> : tensor<4x2x5xui8> -> tensor<2x1x1xui8>
  cnn.output %b : tensor<2x1x1xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 6 crossbars [9, 1, 5, 3, 4, 0] at [0, 0]
  pxb.place @b tiles 0 to 3 crossbars [3, 3, 10] at [0, [4, 6, 0]]
  pxb.place @b tiles 3 to 5 crossbars [4, 4] at [0, [4, 6]]
  pxb.home @a pes [0, 1]
  pxb.home @b pes 0
}

// CHECK: ou.stage 0 {

// Copies 1 and 2 of @a have tiles alone on a crossbar; tile 2 comes before tile 5.  Windows are
// counted within a copy's share.

// CHECK-NEXT: ou.stream crossbars [5, 0] {
// CHECK-NEXT: ou.mvm @a windows 0 to 3
// CHECK-NEXT: }

// The first copy of @a.

// CHECK-NEXT: ou.stream crossbars [9, 1] {
// CHECK-NEXT: ou.mvm @a windows 0 to 4
// CHECK-NEXT: }

// Tiles of copies 1 and 2 that share with two tiles of @b.

// CHECK-NEXT: ou.stream crossbars 3 to 5 {
// CHECK-NEXT: ou.mvm @a windows 0 to 3
// CHECK-NEXT: ou.mvm @b windows 0
// CHECK-NEXT: ou.mvm @b tile 1 windows 0
// CHECK-NEXT: }

// CHECK-NEXT: ou.stream crossbars 10 {
// CHECK-NEXT: ou.mvm @b windows 0
// CHECK-NEXT: }
