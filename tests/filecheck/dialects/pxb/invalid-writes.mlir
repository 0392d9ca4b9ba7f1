// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// What another stage has overwritten is rewritten.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [0, 0]
  pxb.home @b pes 0
}
// CHECK: pxb.write 0: crossbar 0 holds tiles of another stage and is not rewritten
pxb.write 0 crossbars 1
pxb.write 1 crossbars 0


// -----

// So it is where nothing is said.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
// CHECK: pxb.stage 1: crossbar 0 holds tiles of another stage and is not rewritten
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [0, 0]
  pxb.home @b pes 0
}
pxb.write 0 crossbars 0


// -----

// What nobody overwrites keeps its cells.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 1 at [0, 0]
  pxb.home @b pes 0
}
// CHECK: pxb.write 1: crossbar 1 holds tiles of this stage only, or of others
pxb.write 1 crossbars 1


// -----

// A crossbar is written once.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [0, 0]
  pxb.home @b pes 0
}
// CHECK: pxb.write 1: names a crossbar twice
pxb.write 1 crossbars 0 times 2
pxb.write 0 crossbars 0


// -----

// A stage is written once.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [0, 0]
  pxb.home @b pes 0
}
// CHECK: pxb.write 1: stands twice for a stage
pxb.write 1 crossbars 0
pxb.write 1 crossbars 0
pxb.write 0 crossbars 0


// -----

// What is written is a stage.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 1 at [0, 0]
  pxb.home @b pes 0
}
// CHECK: pxb.write 2: there is no pxb.stage 2
pxb.write 2 crossbars 0


// -----

// In one stage nothing is rewritten.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
// CHECK: pxb.write 0: nothing is rewritten in a deployment of one stage; leave it out
pxb.write 0 crossbars 0

