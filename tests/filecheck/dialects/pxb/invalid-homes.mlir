// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  // CHECK: pxb.home @fc: names no PE
  pxb.home @fc pes []
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  // CHECK: pxb.home @fc: names PE 4; there are 4 PEs
  pxb.home @fc pes 2 to 5
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  // CHECK: pxb.home @fc: names PE -1; there are 4 PEs
  pxb.home @fc pes [0, -1]
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
  // CHECK: pxb.home @conv: names no layer or digital operator of the network
  pxb.home @conv pes 0
}

// -----

// The input and the output are at the chip's port.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
  // CHECK: pxb.home @input: names no layer or digital operator of the network
  pxb.home @input pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
  // CHECK: pxb.home @output: names no layer or digital operator of the network
  pxb.home @output pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
  // CHECK: pxb.home @fc: is the second pxb.home of its node
  pxb.home @fc pes 1
}

// -----

// Two columns of tiles make two slices.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 2, iw = 1 cyclic, ib = 1, tile 2x1> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 4 crossbars 0 to 4 at [0, 0]
  // CHECK: pxb.home @fc: has 3 entries for 2 slices
  pxb.home @fc pes 0 to 3
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: @fc has no pxb.home
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
}

// -----

// Digital operators have homes, too.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  %z = cnn.relu @relu %y : tensor<2xui8> -> tensor<2xui8>
  cnn.output %z : tensor<2xui8>
}
// CHECK: pxb.stage 0: @relu has no pxb.home
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: 'pxb.home' expects parent op 'pxb.stage'
pxb.home @fc pes 0

// -----

// The network must run on the chip.

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: pxb.stage 0: cnn.dense has no place on the machine; run partition before the lower levels
pxb.stage 0 {
^bb0:
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %real = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>
  %soft = cnn.softmax @soft %real : tensor<4xf32> -> tensor<4xf32>
  %codes = cnn.quantize %soft : tensor<4xf32> -> tensor<4xui8>
  %y = cnn.relu @relu %codes : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
// CHECK: pxb.stage 0: cnn.softmax @soft works on float32 on the host, but cnn.relu @relu on the chip reads its result; run fuse-quantization, which makes it an operator on quantised tensors
pxb.stage 0 {
^bb0:
}

// -----

// A layer must not have the name of an input.

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.relu @input %x : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
// CHECK: pxb.stage 0: two nodes are named @input; inputs and outputs are named input, input1 … and output, output1 …: rename the layer or operator
pxb.stage 0 {
^bb0:
}

// -----

// Slices of channels.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  // CHECK: pxb.home @fc: gives slices to a layer, whose slices are the column parts of its grid
  pxb.home @fc slices [0, 2] pes 0 times 2
  pxb.home @relu pes 0 times 2
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0 times 2
  // CHECK: pxb.home @relu: its slices do not begin at channel 0 and go on in ascending order
  pxb.home @relu slices [1, 2] pes 0 times 2
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0 times 2
  // CHECK: pxb.home @relu: its slices do not begin at channel 0 and go on in ascending order
  pxb.home @relu slices [0, 2, 2] pes 0 times 3
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0 times 2
  // CHECK: pxb.home @relu: begins a slice at channel 4; there are 4 channels
  pxb.home @relu slices [0, 4] pes 0 times 2
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0 times 2
  // CHECK: pxb.home @relu: has 2 entries for 3 slices
  pxb.home @relu slices [0, 1, 2] pes 0 times 2
}
