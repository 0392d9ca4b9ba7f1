// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | filecheck %s --match-full-lines --check-prefix=GENERIC

cnn.network @net(%image: tensor<1x4x4xf32>) {
  %x = cnn.quantize %image : tensor<1x4x4xf32> -> tensor<1x4x4xui8>
  %conv = mvm.layer @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 matrix 9x4 windows 4 grid <hwm = 1, wwm = 2, iw = 2 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %relu = cnn.relu @relu %conv : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %pool = cnn.max_pool @pool %relu <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %flat = cnn.flatten %pool : tensor<4x1x1xui8> -> tensor<4xui8>
  %more = cnn.concat %flat, %flat : tensor<4xui8>, tensor<4xui8> -> tensor<8xui8>
  %fc = mvm.layer @fc %more <1x1> weights #cnn.seeded<1, tensor<2x8xsi2>> scale 0.5 matrix 8x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 8x2> : tensor<8xui8> -> tensor<2xui8>
  %real = cnn.dequantize %fc : tensor<2xui8> -> tensor<2xf32>
  %soft = cnn.softmax @probabilities %real : tensor<2xf32> -> tensor<2xf32>
  cnn.output %soft, %fc : tensor<2xf32>, tensor<2xui8>
}

// CHECK: pxb.stage 0 {
// GENERIC: "pxb.stage"() <{number = 0 : i64}> ({
pxb.stage 0 {
  // CHECK-NEXT: pxb.place @conv tiles 0 to 4 crossbars 0 to 13 step 4 at [0, 0]
  // GENERIC-NEXT: "pxb.place"() <{layer = @conv, tiles = #hw.indices<0 to 4>, crossbars = #hw.indices<0 to 13 step 4>, rows = #hw.indices<0>, columns = #hw.indices<0>}> : () -> ()
  pxb.place @conv tiles 0 to 4 crossbars 0 to 16 step 4 at [0, 0]

  // CHECK-NEXT: pxb.place @fc tiles 0 to 2 crossbars [15, 1] at [7, [14, 3]]
  // GENERIC-NEXT: "pxb.place"() <{layer = @fc, tiles = #hw.indices<0 to 2>, crossbars = #hw.indices<[15, 1]>, rows = #hw.indices<7>, columns = #hw.indices<[14, 3]>}> : () -> ()
  pxb.place @fc tiles 0 to 2 crossbars [15, 1] at [7, [14, 3]]

  // A pattern of two PEs over the four positions of each of the two slices.

  // CHECK-NEXT: pxb.home @conv pes 0 to 4
  // GENERIC-NEXT: "pxb.home"() <{node = @conv, pes = #hw.indices<0 to 4>}> : () -> ()
  pxb.home @conv pes [0, 1, 2, 3]

  // CHECK-NEXT: pxb.home @relu pes [0, 2]
  // GENERIC-NEXT: "pxb.home"() <{node = @relu, pes = #hw.indices<[0, 2]>}> : () -> ()
  pxb.home @relu pes [0, 2]

  // CHECK-NEXT: pxb.home @pool slices [0, 3] pes 3 times 2
  // GENERIC-NEXT: "pxb.home"() <{node = @pool, slices = #hw.indices<[0, 3]>, pes = #hw.indices<3 times 2>}> : () -> ()
  pxb.home @pool slices [0, 3] pes 3 times 2

  // CHECK-NEXT: pxb.home @fc pes 1 {note = "kept"}
  // GENERIC-NEXT: "pxb.home"() <{node = @fc, pes = #hw.indices<1>}> {note = "kept"} : () -> ()
  pxb.home @fc pes 1 {note = "kept"}
}
