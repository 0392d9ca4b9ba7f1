// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Stages are numbered from 0 on.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
// CHECK: mvm.stage 0: stages have the numbers [0, 2], not 0, 1, … in this order
mvm.stage 0 from @a
mvm.stage 2 from @b


// -----

// A stage begins at a node.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
// CHECK: mvm.stage 1: @c is no weight layer or digital operator on the chip
mvm.stage 1 from @c


// -----

// The first one begins with the network.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
// CHECK: mvm.stage 0: begins with @p; the network begins with @a
mvm.stage 0 from @p
mvm.stage 1 from @b


// -----

// A stage begins behind the one before.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
// CHECK: mvm.stage 2: begins with @b, which is in an earlier stage
mvm.stage 2 from @b


// -----

// A stage has a weight layer.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
// CHECK: mvm.stage 1: has no weight layer; let it begin earlier or end later
mvm.stage 1 from @p
mvm.stage 2 from @b


// -----

// What is left for a stage is of its layers.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a {
  // CHECK: mvm.alternative: has 2 grids for 1 layers
  mvm.alternative [<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2>, <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2>]
}
mvm.stage 1 from @b


// -----

// Every stage is deployed.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
// CHECK: mvm.stage 1: has no vxb.stage 1, others have
mvm.stage 0 from @a
mvm.stage 1 from @b
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}


// -----

// What is deployed is a stage.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
// CHECK: vxb.stage 2: there is no mvm.stage 2
vxb.stage 2 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}


// -----

// A stage is deployed once.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
// CHECK: vxb.stage 0: there are 2 stages with number 0
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}


// -----

// A stage places the tiles of its own layers.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
  // CHECK: vxb.place @b: names no mvm.layer of the network
  vxb.place @b tiles 0 crossbars 1 at [0, 0]
}
vxb.stage 1 {
  vxb.place @b tiles 0 crossbars 0 at [0, 0]
}


// -----

// A stage places all of them.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}
// CHECK: vxb.stage 1: tile 0 of @b is not placed
vxb.stage 1 {
^bb0:
}


// -----

// Only codes wait in the memory behind the port.

cnn.network @net(%x: tensor<2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  %s = cnn.sigmoid @s %a : tensor<2xui8> -> tensor<2xf32>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  %m = cnn.add @m %b, %s : tensor<2xui8>, tensor<2xf32> -> tensor<2xui8>
  cnn.output %m : tensor<2xui8>
}
mvm.stage 0 from @a
// CHECK: mvm.stage 1: reads the float32 result of @s in an earlier stage; only codes wait in the memory behind the port
mvm.stage 1 from @b
