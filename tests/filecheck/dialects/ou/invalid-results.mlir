// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Merging of partial sums.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  // CHECK: ou.merge @conv: names no layer of the network
  ou.merge @conv at <home>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  // CHECK: ou.merge @input: names no layer of the network
  ou.merge @input at <home>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  ou.merge @fc at <pe, home>
  // CHECK: ou.merge @fc: is the second ou.merge of its layer
  ou.merge @fc at <home>
}

// -----

// CHECK: 'ou.merge' expects parent op 'ou.stage'
ou.merge @fc at <home>

// -----

// Waits.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  // CHECK: ou.wait @input: names @conv, which is no node of the network
  ou.wait @input for @conv until 0
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  // CHECK: ou.wait @input: has 2 entries for 1 positions
  ou.wait @input for @fc until [0, 1]
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  // CHECK: ou.wait @input: waits for 2 positions of @fc, which has 1
  ou.wait @input for @fc until 2
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
  ou.wait @input for @fc until 0
  // CHECK: ou.wait @input: is the second ou.wait for @fc of its node
  ou.wait @input for @fc until 0
}
