// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: unknown method 'tall'; one of spatem, exclusive, floor-plan
mvm.packing "tall"

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: only a floor-plan leaves PEs spare, not 'spatem'
mvm.packing "spatem" spare 1

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: regions of layers and their pes stand together or not at all
mvm.packing "floor-plan" regions <0>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: only a floor-plan has regions, not 'exclusive'
mvm.packing "exclusive" regions <0> pes <1>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: has 2 regions, there are 1 layers
mvm.packing "floor-plan" regions <[0, 0]> pes <1>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: a layer is on none of the 1 regions
mvm.packing "floor-plan" regions <1> pes <1>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: regions of [2, 1] PEs and 2 spare ones; each needs one, there are 4
mvm.packing "floor-plan" spare 2 regions <0> pes <[2, 1]>

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
// CHECK: mvm.packing: regions of [4, 0] PEs and 0 spare ones; each needs one, there are 4
mvm.packing "floor-plan" regions <0> pes <[4, 0]>
