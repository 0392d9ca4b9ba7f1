// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='expand-ou' --split-input-file | filecheck %s

// An OU has 4 wordlines and 4 bitlines and is sent 1 bit.

cnn.network @operations(%x: tensor<5xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<3x5xsi4>> scale 0.5 matrix 5x3 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 5x3> : tensor<5xui2> -> tensor<3xui2>
  cnn.output %y : tensor<3xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 crossbars 7 at [3, 2]
  pxb.home @fc pes 0
}
// CHECK-LABEL: @operations
// CHECK: ou.stage 0 {
ou.stage 0 {
  // A tile of 5 rows x 6 cells, from its corner: bit by bit, column by column.

  // CHECK-NEXT: ou.stream crossbars 7 {
  ou.stream crossbars 7 {
    // CHECK-NEXT: ou.mvm @fc windows 0 {
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: ou.activate bits 0 rows 4 columns 0 to 4
    // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 4 to 6
    // CHECK-NEXT: ou.activate bits 0 rows 4 columns 4 to 6
    // CHECK-NEXT: ou.activate bits 1 rows 0 to 4 columns 0 to 4
    // CHECK-NEXT: ou.activate bits 1 rows 4 columns 0 to 4
    // CHECK-NEXT: ou.activate bits 1 rows 0 to 4 columns 4 to 6
    // CHECK-NEXT: ou.activate bits 1 rows 4 columns 4 to 6
    // CHECK-NEXT: }
    ou.mvm @fc windows 0
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: ou.merge @fc at <home>
  ou.merge @fc at <home>
// CHECK-NEXT: }
}

// -----

cnn.network @bits(%x: tensor<4xui5>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 4x4> : tensor<4xui5> -> tensor<4xui5>
  cnn.output %y : tensor<4xui5>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
// CHECK-LABEL: @bits
// CHECK: ou.stage 0 {
ou.stage 0 {
  // A stream of two crossbars becomes one for each: tile 0 is sent bits 0 to 2, tile 1 bits 3 and 4.

  // CHECK-NEXT: ou.stream crossbars 0 {
  // CHECK-NEXT: ou.mvm @fc windows 0 {
  // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 4
  // CHECK-NEXT: ou.activate bits 1 rows 0 to 4 columns 0 to 4
  // CHECK-NEXT: ou.activate bits 2 rows 0 to 4 columns 0 to 4
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  // CHECK-NEXT: ou.stream crossbars 1 {
  // CHECK-NEXT: ou.mvm @fc windows 0 {
  // CHECK-NEXT: ou.activate bits 3 rows 0 to 4 columns 0 to 4
  // CHECK-NEXT: ou.activate bits 4 rows 0 to 4 columns 0 to 4
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
}

// -----

cnn.network @joined(%x: tensor<3x5x1xui1>) {
  %y = mvm.layer @conv %x <5x1> groups 3 weights #cnn.seeded<0, tensor<3x1x5x1xsi4>> scale 0.5 matrix 3 of 5x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 5x1> : tensor<3x5x1xui1> -> tensor<3x1x1xui2>
  cnn.output %y : tensor<3x1x1xui2>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes [0, 1]
}
// CHECK-LABEL: @joined
// CHECK: ou.stage 0 {
ou.stage 0 {
  // Two matrices of 5 rows, each from its own corner; the third one alone.

  // CHECK-NEXT: ou.stream crossbars 0 {
  // CHECK-NEXT: ou.mvm @conv windows 0 {
  // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 2
  // CHECK-NEXT: ou.activate bits 0 rows 4 columns 0 to 2
  // CHECK-NEXT: ou.activate bits 0 rows 5 to 9 columns 0 to 2
  // CHECK-NEXT: ou.activate bits 0 rows 9 columns 0 to 2
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  // CHECK-NEXT: ou.stream crossbars 1 {
  // CHECK-NEXT: ou.mvm @conv windows 0 {
  // CHECK-NEXT: ou.activate bits 0 rows 0 to 4 columns 0 to 2
  // CHECK-NEXT: ou.activate bits 0 rows 4 columns 0 to 2
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  ou.stream crossbars 0 to 2 {
    ou.mvm @conv windows 0
  }
// CHECK-NEXT: }
}
