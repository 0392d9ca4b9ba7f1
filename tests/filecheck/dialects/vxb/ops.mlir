// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | filecheck %s --match-full-lines --check-prefix=GENERIC

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 matrix 9x4 windows 4 grid <hwm = 2, wwm = 1, iw = 2 cyclic, ib = 1, tile 5x4> : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %flat = cnn.flatten %conv : tensor<4x2x2xui8> -> tensor<16xui8>
  %fc = mvm.layer @fc %flat <1x1> weights #cnn.seeded<1, tensor<2x16xsi2>> scale 0.5 matrix 16x2 windows 1 grid <hwm = 4, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<16xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}

// CHECK: vxb.stage 0 {
// GENERIC: "vxb.stage"() <{number = 0 : i64}> ({
vxb.stage 0 {
  // One tile on each crossbar, all at the same corner.

  // CHECK-NEXT: vxb.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]
  // GENERIC-NEXT: "vxb.place"() <{layer = @conv, tiles = #hw.indices<0 to 4>, crossbars = #hw.indices<0 to 4>, rows = #hw.indices<0>, columns = #hw.indices<0>}> : () -> ()
  vxb.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]

  // A pair of tiles side by side in one crossbar.

  // CHECK-NEXT: vxb.place @fc tiles 0 to 2 crossbars 0 at [8, [0, 2]]
  // GENERIC-NEXT: "vxb.place"() <{layer = @fc, tiles = #hw.indices<0 to 2>, crossbars = #hw.indices<0>, rows = #hw.indices<8>, columns = #hw.indices<[0, 2]>}> : () -> ()
  vxb.place @fc tiles 0 to 2 crossbars 0 at [8, [0, 2]]

  // CHECK-NEXT: vxb.place @fc tiles 2 crossbars 3 at [12, 14] {note = "corner"}
  // GENERIC-NEXT: "vxb.place"() <{layer = @fc, tiles = #hw.indices<2>, crossbars = #hw.indices<3>, rows = #hw.indices<12>, columns = #hw.indices<14>}> {note = "corner"} : () -> ()
  vxb.place @fc tiles 2 crossbars 3 at [12, 14] {note = "corner"}

  // And one alone.

  // CHECK-NEXT: vxb.place @fc tiles 3 crossbars 15 at [0, 0]
  // GENERIC-NEXT: "vxb.place"() <{layer = @fc, tiles = #hw.indices<3>, crossbars = #hw.indices<15>, rows = #hw.indices<0>, columns = #hw.indices<0>}> : () -> ()
  vxb.place @fc tiles 3 crossbars 15 at [0, 0]
}
// CHECK-NEXT: }
