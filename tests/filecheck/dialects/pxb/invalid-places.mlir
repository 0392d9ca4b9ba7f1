// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// One place.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: names no tile
  pxb.place @fc tiles [] crossbars 0 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has 2 tiles but 3 crossbars
  pxb.place @fc tiles 0 to 2 crossbars 0 to 3 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has 2 tiles but 3 rows
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0 to 3, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has 2 tiles but 0 columns
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, []]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has a negative number among its tiles
  pxb.place @fc tiles -1 to 1 crossbars 0 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has a negative number among its crossbars
  pxb.place @fc tiles 0 to 2 crossbars -1 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has a negative number among its rows
  pxb.place @fc tiles 0 to 2 crossbars 0 at [[2, -2], 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @fc: has a negative number among its columns
  pxb.place @fc tiles 0 to 2 crossbars 0 at [0, -1]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: pxb.place @conv: names no mvm.layer of the network
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: 'pxb.place' expects parent op 'pxb.stage'
pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]

// -----

// Tiles and cells of one stage.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: places tile 2 of @fc, which has 2 tiles
pxb.stage 0 {
  pxb.place @fc tiles 0 to 3 crossbars 0 to 3 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 1 of @fc is not placed
pxb.stage 0 {
  pxb.place @fc tiles 0 crossbars 0 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 0 of @fc is not placed
pxb.stage 0 {
^bb0:
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 1 of @fc is placed 2 times
pxb.stage 0 {
  pxb.place @fc tiles [0, 1, 1] crossbars 0 to 3 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: @fc uses crossbar 16; 'tiny' has 16 crossbars
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 15 to 17 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 1 of @fc lies partly outside its crossbar
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [[14, 15], 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 0 of @fc lies partly outside its crossbar
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 15]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: tile 0 of @fc and tile 1 of @fc overlap
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 at [0 to 2, 0 to 2]
  pxb.home @fc pes 0
}

// -----

// Another stage: no mvm.stage says where it begins.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 crossbars 0 at [0, 0]
  pxb.home @fc pes 0
}
// CHECK: pxb.stage 1: is the second pxb.stage of a module with one stage; let mvm.stage say with which nodes several begin
pxb.stage 1 {
  pxb.place @fc tiles 1 crossbars 0 at [0, 0]
  pxb.home @fc pes 0
}

// -----

// The module around a stage.

// CHECK: pxb.stage 0: must stand after the cnn.network of its module
pxb.stage 0 {
^bb0:
}

// -----

// CHECK: pxb.stage 0: must stand after the cnn.network of its module
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

"test.op"() ({
  // CHECK: 'pxb.stage' expects parent op 'builtin.module'
  pxb.stage 0 {
  ^bb0:
  }
  "test.termop"() : () -> ()
}) : () -> ()

// -----

// CHECK: Region 'body' at position 0 expected a single block, but got 0 blocks
pxb.stage 0 {
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  // CHECK: 'vxb.place' expects parent op 'vxb.stage'
  vxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
