// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// A crossbar visits the reader before what it reads.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.stage 0: the program deadlocks: crossbar 0 waits before window 0 of tile 0 of @b, which needs crossbar 0 to go on
    ou.mvm @b windows 0
    ou.mvm @a windows 0
  }
}

// -----

// Two crossbars wait for each other: each holds a window of either layer.

cnn.network @net(%x: tensor<1x1x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 1x1> : tensor<1x1x2xui8> -> tensor<1x1x2xui8>
  cnn.output %b : tensor<1x1x2xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.place @b tiles 0 to 2 crossbars [1, 0] at [1, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.stage 0: the program deadlocks: crossbar 0 waits before window 1 of tile 1 of @b, which needs crossbar 1 to get past window 0 of tile 0 of @b, which needs crossbar 0 to go on
    ou.mvm @b windows 0
    ou.mvm @a windows 0
  }
  ou.stream crossbars 1 {
    ou.mvm @b windows 0
    ou.mvm @a windows 0
  }
}

// -----

// A part of a result is read before it is computed: rows 2 and 3 of @b are columns 2 and 3 of @a.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 0 at [0, [0, 2]]
  pxb.place @b tiles 0 to 2 crossbars 0 at [[4, 6], 0]
  pxb.home @a pes 0 times 2
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0
    // CHECK: ou.stage 0: the program deadlocks: crossbar 0 waits before window 0 of tile 1 of @b, which needs crossbar 0 to go on
    ou.mvm @b tile 1 windows 0
    ou.mvm @a tile 1 windows 0
    ou.mvm @b windows 0
  }
}
