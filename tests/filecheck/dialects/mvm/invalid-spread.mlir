// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.spread @other: names no mvm.layer of the network
mvm.spread @other pes [0, 1]

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.spread @fc: has 3 PEs, the layer has 2 tiles
mvm.spread @fc pes 0 to 3

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.spread @fc: names a PE that the chip does not have
mvm.spread @fc pes [0, 4000]

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.spread @fc: stands twice in a module for a layer
mvm.spread @fc pes [0, 1]
mvm.spread @fc pes [1, 0]

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<4xui8> -> tensor<2xui8>
  %z = mvm.layer @next %y <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %z : tensor<2xui8>
}
// CHECK: mvm.spread @fc: spreads @fc but nothing spreads @next; spread all layers or none
mvm.spread @fc pes [0, 1]
