// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// Partial sums of a layer go to one PE in a stage and to another PE in the next.

cnn.network @net(%x: tensor<4x1x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 2 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4x1x2xui8> -> tensor<4x1x2xui8>
  %p = cnn.max_pool @p %a <1x2> : tensor<4x1x2xui8> -> tensor<4x1x1xui8>
  cnn.output %p : tensor<4x1x1xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes [0, 1]
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @a tiles 1 crossbars 0 at [0, 0]
  // CHECK: pxb.home @a: position 1 of slice 0 is at PE 0 here and at PE 1 in an earlier stage: nobody merges them
  pxb.home @a pes 0
}

// -----

// A digital operator has a home in no stage.

cnn.network @net(%x: tensor<4x1x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 2 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4x1x2xui8> -> tensor<4x1x2xui8>
  %p = cnn.max_pool @p %a <1x2> : tensor<4x1x2xui8> -> tensor<4x1x1xui8>
  cnn.output %p : tensor<4x1x1xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
}
// CHECK: pxb.stage 1: @p has no pxb.home in any stage
pxb.stage 1 {
  pxb.place @a tiles 1 crossbars 0 at [0, 0]
  pxb.home @a pes 0
}
