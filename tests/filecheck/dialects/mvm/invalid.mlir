// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// What an mvm.layer shares with cnn.conv, cnn.local and cnn.dense is tested there.

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'mvm.layer' expects parent op 'cnn.network'
%y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: states matrix 4x3 windows 1, its types give 4x2 windows 1
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x3 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<2x2x2xui8>) {
  // CHECK: mvm.layer @conv: states matrix 2x2 windows 4, its types give 2 of 1x1 windows 4
  %y = mvm.layer @conv %x <1x1> groups 2 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 matrix 2x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<2x2x2xui8> -> tensor<2x2x2xui8>
  cnn.output %y : tensor<2x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: has weights of shape 4x2, its types give 2x4
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x2xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: slides a window over a flat tensor
  %y = mvm.layer @fc %x <1x1, strides 2x2> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: slides a window over a flat tensor
  %y = mvm.layer @fc %x <1x1> groups 2 weights #cnn.seeded<0, tensor<2x2xsi2>> scale 0.5 matrix 2 of 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x1> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: slides a window over a flat tensor
  %y = mvm.layer @fc %x <1x1> region <1x1> weights #cnn.seeded<0, tensor<1x2x4x1x1xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: works on feature maps of 3 dimensions: channels x height x width
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2x1x1xui8>
  cnn.output %y : tensor<2x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<4x4xui8>) {
  // CHECK: mvm.layer @fc: works on feature maps of 3 dimensions: channels x height x width
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4x1x1xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4x4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: mvm.layer @conv: has 3 channels in 2 groups
  %y = mvm.layer @conv %x <1x1> groups 2 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 matrix 2 of 1x1 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<3x2x2xui8> -> tensor<2x2x2xui8>
  cnn.output %y : tensor<2x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<1x2x2xui8>) {
  // CHECK: mvm.layer @local: has regions of 1x3 that do not tile 2x2
  %y = mvm.layer @local %x <1x1> region <1x3> weights #cnn.seeded<0, tensor<2x1x1x1x1xsi2>> scale 0.5 matrix 2 of 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1x2x2xui8> -> tensor<1x2x2xui8>
  cnn.output %y : tensor<1x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<2x2x2xui8>) {
  // CHECK: mvm.layer @local: has both groups and regions
  %y = mvm.layer @local %x <1x1> groups 2 region <1x2> weights #cnn.seeded<0, tensor<2x2x1x1x1xsi2>> scale 0.5 matrix 2 of 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<2x2x2xui8> -> tensor<2x2x2xui8>
  cnn.output %y : tensor<2x2x2xui8>
}

// -----

// Grids.

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: hwm = 3 parts of 2 do not cut 4 without empty parts
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 3, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: wwm = 1 parts of 1 do not cut 2 without empty parts
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x1> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: iw = 2 parts of 1 do not cut 1 without empty parts
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<1x2x2xui8>) {
  // CHECK: mvm.layer @conv: grid: iw = 3 parts of 2 do not cut 4 without empty parts
  %y = mvm.layer @conv %x <1x1> weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 matrix 1x2 windows 4 grid <hwm = 1, wwm = 1, iw = 3 blocks, ib = 1, tile 1x2> : tensor<1x2x2xui8> -> tensor<2x2x2xui8>
  cnn.output %y : tensor<2x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: ib = 5 parts of 2 do not cut 8 without empty parts
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 5, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<17xui8>) {
  // CHECK: mvm.layer @fc: grid: a tile of 17 x 2 cells exceeds a crossbar of 16 x 16
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x17xsi2>> scale 0.5 matrix 17x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 17x2> : tensor<17xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: a tile of 4 x 20 cells exceeds a crossbar of 16 x 16
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<5x4xsi8>> scale 0.5 matrix 4x5 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x5> : tensor<4xui8> -> tensor<5xui8>
  cnn.output %y : tensor<5xui8>
}

// -----

// How tiles are packed.

// CHECK: mvm.packing: unknown method 'loosely'; one of spatem, exclusive, floor-plan
mvm.packing "loosely"

// -----

// CHECK: mvm.packing: stands twice in a module; one says how all tiles are packed
mvm.packing "exclusive"
mvm.packing "spatem"

// -----

// Alternatives.

// CHECK: mvm.alternative: must stand after the cnn.network of its module
mvm.alternative []

// -----

cnn.network @net(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}
// CHECK: mvm.alternative: has 1 grids for 0 layers
mvm.alternative [<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>]

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.alternative: grid of @fc: hwm = 1 parts of 3 do not cut 4 without empty parts
mvm.alternative [<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 3x2>]

// -----

cnn.network @net(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}
"test.op"() ({
  // CHECK: 'mvm.alternative' expects parent op to be one of 'builtin.module', 'mvm.stage'
  mvm.alternative []
  "test.termop"() : () -> ()
}) : () -> ()

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: mvm.layer @fc: works on quantised integers (ui8, si8, !cnn.quant …), not on tensor<4xf32>
  %y = mvm.layer @fc %x <1x1> weights dense<1.0> : tensor<2x4xf32> matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: mvm.layer @fc: works on quantised integers (ui8, si8, !cnn.quant …), not on tensor<4xf32>
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: mvm.layer @fc: has a quantised result of a float32 input; insert cnn.quantize
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xf32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: has requantize 'round'; it must be f32-half-even or fixed-point
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 requantize "round" matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// Joined matrices.

cnn.network @net(%x: tensor<3x4x4xui8>) {
  // CHECK: mvm.layer @conv: grid: a tile of 4 matrices is larger than the layer, of 3
  %y = mvm.layer @conv %x <2x2> groups 3 weights #cnn.seeded<0, tensor<3x1x2x2xsi2>> scale 0.5 matrix 3 of 4x1 windows 9 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4 of 4x1> : tensor<3x4x4xui8> -> tensor<3x3x3xui8>
  cnn.output %y : tensor<3x3x3xui8>
}

// -----

cnn.network @net(%x: tensor<3x4x4xui8>) {
  // CHECK: mvm.layer @conv: grid: a tile of several matrices holds whole ones, of 4x1, not 2 of 2x1
  %y = mvm.layer @conv %x <2x2> groups 3 weights #cnn.seeded<0, tensor<3x1x2x2xsi2>> scale 0.5 matrix 3 of 4x1 windows 9 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 2x1> : tensor<3x4x4xui8> -> tensor<3x3x3xui8>
  cnn.output %y : tensor<3x3x3xui8>
}

// -----

cnn.network @net(%x: tensor<3x4x4xui8>) {
  // CHECK: mvm.layer @conv: grid: hwm = 2 parts of 4 do not cut 4 without empty parts
  %y = mvm.layer @conv %x <2x2> groups 3 weights #cnn.seeded<0, tensor<3x1x2x2xsi2>> scale 0.5 matrix 3 of 4x1 windows 9 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 4x1> : tensor<3x4x4xui8> -> tensor<3x3x3xui8>
  cnn.output %y : tensor<3x3x3xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: mvm.layer @fc: grid: a tile of 2 matrices is larger than the layer, of 1
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<1x2x2xui8>) {
  // CHECK: mvm.layer @local: grid: matrices of regions cannot be joined: their windows are at different positions
  %y = mvm.layer @local %x <1x1> region <1x2> weights #cnn.seeded<0, tensor<2x1x1x1x1xsi2>> scale 0.5 matrix 2 of 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 1x1> : tensor<1x2x2xui8> -> tensor<1x2x2xui8>
  cnn.output %y : tensor<1x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<5x4x4xui8>) {
  // CHECK: mvm.layer @conv: grid: a tile of 20 x 1 cells exceeds a crossbar of 16 x 16
  %y = mvm.layer @conv %x <2x2> groups 5 weights #cnn.seeded<0, tensor<5x1x2x2xsi2>> scale 0.5 matrix 5 of 4x1 windows 9 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 5 of 4x1> : tensor<5x4x4xui8> -> tensor<5x3x3xui8>
  cnn.output %y : tensor<5x3x3xui8>
}
