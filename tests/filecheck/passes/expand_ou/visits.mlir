// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='expand-ou' | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='expand-ou,expand-ou' | filecheck %s

// Visits one by one, in the order of the program; operations that are spelled out stay as they are.

cnn.network @net(%x: tensor<4x1x2xui1>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4x1x2xui1> -> tensor<4x1x2xui1>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4x1x2xui1> -> tensor<4x1x2xui1>
  %c = mvm.layer @c %b <1x2> weights #cnn.seeded<2, tensor<4x4x1x2xsi2>> scale 0.5 matrix 8x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 8x4> : tensor<4x1x2xui1> -> tensor<4x1x1xui1>
  cnn.output %c : tensor<4x1x1xui1>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.place @c tiles 0 crossbars 0 at [8, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
  pxb.home @c pes 0
}
// CHECK: ou.stage 0 {
// CHECK-NEXT: ou.stream crossbars 0 {
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK-NEXT: ou.mvm @a windows 1 {
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: }
    // CHECK-NEXT: ou.mvm @b windows 1 {
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: }
    // CHECK-NEXT: ou.mvm @a windows 0 {
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: }
    // CHECK-NEXT: ou.mvm @b windows 0 {
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: }
    ou.interleave by [0, 1, 0, 1] {
      ou.mvm @a windows [1, 0]
      ou.mvm @b windows [1, 0]
    }
    // CHECK-NEXT: ou.mvm @c windows 0 {
    // CHECK-NEXT: ou.activate bits 0 rows 4 to 8 columns 0 to 4
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns [0, 3]
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 1 to 3
    // CHECK-NEXT: }
    ou.mvm @c windows 0 {
      ou.activate bits 0 rows 4 to 8 columns 0 to 4
      ou.activate bits 0 rows 0 to 4 columns [0, 3]
      ou.activate bits 0 rows 0 to 4 columns 1 to 3
    }
  // CHECK-NEXT: }
  }
  ou.merge @a at <home>
  ou.merge @b at <home>
  ou.merge @c at <home>
}
