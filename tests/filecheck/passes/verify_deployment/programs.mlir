// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// A stage that places tiles has no program: they are never visited.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
}
// CHECK: pxb.stage 1: no ou.stage 1 visits its tiles of @b
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0
  }
}

// -----

// A stage has two programs: its tiles are visited twice.

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
    ou.mvm @a windows 0
    ou.mvm @b windows 0
  }
}
// CHECK: ou.stage 0: is the second program of pxb.stage 0: it visits tiles again
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0
    ou.mvm @b windows 0
  }
}
