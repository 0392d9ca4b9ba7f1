// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | filecheck %s --match-full-lines --check-prefix=GENERIC

cnn.network @net(%x: tensor<1x3x4xui2>) {
  %a = mvm.layer @a %x <2x2> weights #cnn.seeded<0, tensor<2x1x2x2xsi2>> scale 0.5 matrix 4x2 windows 6 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x2> : tensor<1x3x4xui2> -> tensor<2x2x3xui2>
  %b = mvm.layer @b %a <2x2> weights #cnn.seeded<1, tensor<1x2x2x2xsi2>> scale 0.5 matrix 8x1 windows 2 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x1> : tensor<2x2x3xui2> -> tensor<1x1x2xui2>
  %flat = cnn.flatten %b : tensor<1x1x2xui2> -> tensor<2xui2>
  %c = mvm.layer @c %flat <1x1> weights #cnn.seeded<2, tensor<3x2xsi4>> scale 0.5 matrix 2x3 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x3> : tensor<2xui2> -> tensor<3xui2>
  %d = cnn.relu @d %c : tensor<3xui2> -> tensor<3xui2>
  cnn.output %d : tensor<3xui2>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.place @b tiles 0 to 2 crossbars 0 to 2 at [4, 0]
  pxb.place @c tiles 0 to 2 crossbars 2 at [[0, 2], 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
  pxb.home @c pes 0
  pxb.home @d pes 0
}

// CHECK: ou.stage 0 {
// GENERIC: "ou.stage"() <{number = 0 : i64}> ({
ou.stage 0 {
  // One program for two crossbars: each visits its copy of @a and its row of @b in turn.

  // CHECK-NEXT: ou.stream crossbars 0 to 2 {
  // GENERIC-NEXT: "ou.stream"() <{crossbars = #hw.indices<0 to 2>}> ({
  ou.stream crossbars 0 to 2 {
    // CHECK-NEXT: ou.mvm @a windows 0
    // GENERIC-NEXT: "ou.mvm"() <{layer = @a, windows = #hw.indices<0>, tile = 0 : i64}> : () -> ()
    ou.mvm @a windows 0
    // CHECK-NEXT: ou.interleave by [0 to 2, 1, 0] {
    // GENERIC-NEXT: "ou.interleave"() <{by = #hw.indices<[0 to 2, 1, 0]>}> ({
    ou.interleave by [0, 1, 1, 0] {
      // CHECK-NEXT: ou.mvm @a windows 1 to 3
      // GENERIC-NEXT: "ou.mvm"() <{layer = @a, windows = #hw.indices<1 to 3>, tile = 0 : i64}> : () -> ()
      ou.mvm @a windows 1 to 3
      // CHECK-NEXT: ou.mvm @b windows [1, 0] attributes {note = "kept"}
      // GENERIC-NEXT: "ou.mvm"() <{layer = @b, windows = #hw.indices<[1, 0]>, tile = 0 : i64}> {note = "kept"} : () -> ()
      ou.mvm @b windows [1, 0] attributes {note = "kept"}
    // CHECK-NEXT: }
    // GENERIC-NEXT: }) : () -> ()
    }
  // CHECK-NEXT: }
  // GENERIC-NEXT: }) : () -> ()
  }

  // The operations of a visit, one by one: 2 rows x 6 cells, 1 bit.

  // CHECK-NEXT: ou.stream crossbars 2 {
  // GENERIC-NEXT: "ou.stream"() <{crossbars = #hw.indices<2>}> ({
  ou.stream crossbars 2 {
    // CHECK-NEXT: ou.mvm @c windows 0 {
    // GENERIC-NEXT: "ou.mvm"() <{layer = @c, windows = #hw.indices<0>, tile = 0 : i64}> ({
    ou.mvm @c windows 0 {
      // CHECK-NEXT: ou.activate bits 0 rows 0 to 2 columns 0 to 4
      // GENERIC-NEXT: "ou.activate"() <{bits = #hw.indices<0>, rows = #hw.indices<0 to 2>, columns = #hw.indices<0 to 4>}> : () -> ()
      ou.activate bits 0 rows 0 to 2 columns 0 to 4
      // CHECK-NEXT: ou.activate bits 0 rows 0 to 2 columns 4 to 6
      // GENERIC-NEXT: "ou.activate"() <{bits = #hw.indices<0>, rows = #hw.indices<0 to 2>, columns = #hw.indices<4 to 6>}> : () -> ()
      ou.activate bits 0 rows 0 to 2 columns 4 to 6
    // CHECK-NEXT: }
    // GENERIC-NEXT: }) : () -> ()
    }
    // CHECK-NEXT: ou.mvm @c tile 1 windows 0 attributes {note = "kept"} {
    // GENERIC-NEXT: "ou.mvm"() <{layer = @c, tile = 1 : i64, windows = #hw.indices<0>}> ({
    ou.mvm @c tile 1 windows 0 attributes {note = "kept"} {
      // CHECK-NEXT: ou.activate bits 1 rows 0 columns [0, 2, 5]
      // GENERIC-NEXT: "ou.activate"() <{bits = #hw.indices<1>, rows = #hw.indices<0>, columns = #hw.indices<[0, 2, 5]>}> : () -> ()
      ou.activate bits 1 rows 0 columns [0, 2, 5]
      // CHECK-NEXT: ou.activate bits 1 rows 1 columns [0, 2, 5]
      ou.activate bits 1 rows 1 columns [0, 2, 5]
      // CHECK-NEXT: ou.activate bits 1 rows 0 to 2 columns [1, 3 to 5]
      ou.activate bits 1 rows 0 to 2 columns [1, 3, 4]
    // CHECK-NEXT: }
    // GENERIC: }) {note = "kept"} : () -> ()
    }
  // CHECK-NEXT: }
  }

  // Crossbars without a stream would follow these.

  // CHECK-NEXT: ou.due @a at [5 times 2, 9, 5 times 2, 9]
  // GENERIC: "ou.due"() <{layer = @a, times = #hw.indices<[5 times 2, 9, 5 times 2, 9]>}> : () -> ()
  ou.due @a at [5, 5, 9, 5, 5, 9]
  // CHECK-NEXT: ou.due @b by tile at 7 {note = "kept"}
  // GENERIC: "ou.due"() <{layer = @b, by_tile, times = #hw.indices<7>}> {note = "kept"} : () -> ()
  ou.due @b by tile at 7 {note = "kept"}

  // CHECK-NEXT: ou.merge @a at <home>
  // GENERIC: "ou.merge"() <{layer = @a, places = #ou.places<home>}> : () -> ()
  ou.merge @a at <home>
  // CHECK-NEXT: ou.merge @c at <cu, home> {note = "kept"}
  // GENERIC-NEXT: "ou.merge"() <{layer = @c, places = #ou.places<cu, home>}> {note = "kept"} : () -> ()
  ou.merge @c at <cu, home> {note = "kept"}


  // CHECK-NEXT: ou.wait @input for @a until [-2 to 4, 0 times 6]
  // GENERIC: "ou.wait"() <{node = @input, other = @a, until = #hw.indices<[-2 to 4, 0 times 6]>}> : () -> ()
  ou.wait @input for @a until [-2 to 4, 0 times 6]
}
// CHECK-NEXT: }
