// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// What the verifiers of stages check for themselves: a tile that is placed nowhere.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
// CHECK: vxb.stage 0: tile 0 of @b is not placed
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}

// -----

// A tile that is placed twice.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
// CHECK: vxb.stage 0: tile 0 of @b is placed 2 times
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
  vxb.place @b tiles 0 crossbars 0 at [4, 0]
  vxb.place @b tiles 0 crossbars 1 at [0, 0]
}

// -----

// Two tiles in the same cells.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
// CHECK: vxb.stage 0: tile 0 of @a and tile 0 of @b overlap
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
  vxb.place @b tiles 0 crossbars 0 at [3, 0]
}

// -----

// A crossbar that the chip does not have.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
// CHECK: vxb.stage 0: @b uses crossbar 16; 'tiny' has 16 crossbars
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
  vxb.place @b tiles 0 crossbars 16 at [3, 0]
}

// -----

// A window that no visit covers.

cnn.network @net(%x: tensor<1x1x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  cnn.output %b : tensor<1x1x2xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
}
// CHECK: ou.stage 0: tile 0 of @b visits its window 1 0 times
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0 to 2
    ou.mvm @b windows 0
  }
}

// -----

// A window that two visits cover.

cnn.network @net(%x: tensor<1x1x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  cnn.output %b : tensor<1x1x2xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
}
// CHECK: ou.stage 0: tile 0 of @b visits its window 0 2 times
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0 to 2
    ou.mvm @b windows 0
    ou.mvm @b windows 0 to 2
  }
}
