// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Programs.

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
  // CHECK: ou.stream: crossbar 1 has two programs
  ou.stream crossbars 1 {
    ou.mvm @fc windows 0
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
  // CHECK: ou.stream: crossbar 0 has two programs
  ou.stream crossbars [0, 1, 0] {
    ou.mvm @fc windows 0
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
  // CHECK: ou.stream: holds test.op; only ou.mvm and ou.interleave have a place here
  ou.stream crossbars 0 to 2 {
    "test.op"() : () -> ()
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
  // CHECK: Region 'body' at position 0 expected a single block, but got 0 blocks
  ou.stream crossbars 0 {
  }
}

// -----

// Interleaving.

cnn.network @net(%x: tensor<1x1x3xui8>) {
  %y = mvm.layer @conv %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 3 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 1x1> : tensor<1x1x3xui8> -> tensor<1x1x3xui8>
  cnn.output %y : tensor<1x1x3xui8>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @conv windows 0
    // CHECK: ou.interleave: names burst 0 1 times; it has 2 windows
    ou.interleave by 0 {
      ou.mvm @conv windows 0 to 2
    }
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
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.interleave: names a burst that does not exist; there are 1
    ou.interleave by [0, 0, 1] {
      ou.mvm @conv windows 0 to 2
    }
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
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.interleave: names a burst that does not exist; there are 1
    ou.interleave by [0, 0, -1] {
      ou.mvm @conv windows 0 to 2
    }
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
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.interleave: interleaves something else than ou.mvm
    ou.interleave by [0, 0] {
      ou.mvm @conv windows 0 to 2
      "test.op"() : () -> ()
    }
  }
}

// -----

// Where ops stand.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  // CHECK: 'ou.mvm' expects parent op to be one of 'ou.stream', 'ou.interleave'
  ou.mvm @fc windows 0
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
  // CHECK: 'ou.interleave' expects parent op 'ou.stream'
  ou.interleave by 0 {
    ou.mvm @fc windows 0
  }
}

// -----

// CHECK: 'ou.stream' expects parent op to be one of 'ou.stage', 'ou.schedule'
ou.stream crossbars 0 {
  ou.mvm @fc windows 0
}

// -----

"test.op"() ({
  // CHECK: 'ou.stage' expects parent op 'builtin.module'
  ou.stage 0 {
  ^bb0:
  }
  "test.termop"() : () -> ()
}) : () -> ()

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: ou.stage 0: there is no pxb.stage 0 before it
ou.stage 0 {
^bb0:
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: ou.stage 0: there is no pxb.stage 0 before it
ou.stage 0 {
^bb0:
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
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
// CHECK: ou.stage 1: there is no pxb.stage 1 before it
ou.stage 1 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
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
    ou.mvm @fc windows 0
  }
}
// CHECK: ou.stage 0: is the second ou.stage of a module with one stage; let mvm.stage say with which nodes several begin
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    ou.mvm @fc windows 0
  }
}

// -----

// CHECK: ou.stage 0: the module holds no cnn.network
ou.stage 0 {
^bb0:
}

// -----

// When windows are due.

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
// CHECK: ou.stage 0: nothing says when tile 1 of @fc is visited: no ou.due names the layer, no ou.stream its crossbar 1
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
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
  ou.due @fc at 0
  // CHECK: ou.due @conv: names no layer of the network
  ou.due @conv at 0
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
  // CHECK: ou.due @input: names no layer of the network
  ou.due @input at 0
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
  ou.due @fc at 0
  // CHECK: ou.due @fc: is the second ou.due of its layer
  ou.due @fc by tile at 1
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
ou.stage 0 {
  // CHECK: ou.due @conv: has 2 entries for 3 windows
  ou.due @conv at [0, 1]
}

// -----

cnn.network @net(%x: tensor<2x1x2xui8>) {
  %y = mvm.layer @conv %x <1x1> groups 2 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 matrix 2 of 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<2x1x2xui8> -> tensor<2x1x2xui8>
  cnn.output %y : tensor<2x1x2xui8>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes 0 times 2
}
ou.stage 0 {
  // CHECK: ou.due @conv: has 3 entries for 2 windows of each of 2 matrices
  ou.due @conv at 0 to 3
}

// -----

// CHECK: 'ou.due' expects parent op to be one of 'ou.stage', 'ou.schedule'
ou.due @fc at 0
