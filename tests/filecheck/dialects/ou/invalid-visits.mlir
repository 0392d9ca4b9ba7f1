// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Bursts.

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
    // CHECK: ou.mvm @fc: names no window
    ou.mvm @fc windows []
  }
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
    // CHECK: ou.mvm @conv: names a layer of which the stage places no tile
    ou.mvm @conv windows 0
  }
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
    // CHECK: ou.mvm @fc: crossbar 0 holds 1 tile of the layer, so that there is no tile 1
    ou.mvm @fc tile 1 windows 0
  }
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
    // CHECK: ou.mvm @fc: visits tile -1; tiles are counted from 0
    ou.mvm @fc tile -1 windows 0
  }
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
    // CHECK: ou.mvm @fc: visits a window that does not exist; there are 1
    ou.mvm @fc windows 0 to 2
  }
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
    // CHECK: ou.mvm @fc: visits a window that does not exist; there are 1
    ou.mvm @fc windows -1
  }
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
  ou.stream crossbars 7 {
    // CHECK: ou.mvm @fc: crossbar 7 holds no tile of the layer
    ou.mvm @fc windows 0
  }
}

// -----

// Every visit once.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
// CHECK: ou.stage 0: tile 1 of @fc visits its window 0 0 times
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
  ^bb0:
  }
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
// CHECK: ou.stage 0: tile 0 of @fc visits its window 0 2 times
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
    ou.mvm @fc windows 0
  }
}

// -----

cnn.network @net(%x: tensor<1x1x3xui8>) {
  %y = mvm.layer @conv %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 3 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 1x1> : tensor<1x1x3xui8> -> tensor<1x1x3xui8>
  cnn.output %y : tensor<1x1x3xui8>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes 0
}
// CHECK: ou.stage 0: tile 0 of @conv visits its window 1 0 times
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @conv windows 0
  }
  ou.stream crossbars 1 {
    ou.mvm @conv windows 0
  }
}

// -----

// The first copy has windows 0 and 2 of three, the second has window 1.

cnn.network @net(%x: tensor<1x1x3xui8>) {
  %y = mvm.layer @conv %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 3 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 1x1> : tensor<1x1x3xui8> -> tensor<1x1x3xui8>
  cnn.output %y : tensor<1x1x3xui8>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes 0
}
// CHECK: ou.stage 0: tile 1 of @conv has no window 1
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @conv windows 0 to 2
  }
}
