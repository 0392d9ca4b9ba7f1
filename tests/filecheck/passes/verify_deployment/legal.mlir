// RUN: spatem-opt %s --accelerator tiny --split-input-file --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// A program that visits in an order in which everything is there in time passes unchanged.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.place @b tiles 0 crossbars 0 at [4, 0]
  pxb.home @a pes 0
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 1 {
    ou.mvm @a windows 0
  }
  ou.stream crossbars 0 {
    ou.mvm @a windows 0
    ou.mvm @b windows 0
  }
}

// CHECK: ou.mvm @a windows 0
// CHECK: ou.mvm @a windows 0
// CHECK-NEXT: ou.mvm @b windows 0

// -----

// So does one that reads a part of a result before the other part is computed.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 0 at [0, [0, 2]]
  pxb.place @b tiles 0 to 2 crossbars 0 at [[4, 6], 0]
  pxb.home @a pes 0 times 2
  pxb.home @b pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @a windows 0
    ou.mvm @b windows 0
    ou.mvm @a tile 1 windows 0
    ou.mvm @b tile 1 windows 0
  }
}

// CHECK: ou.mvm @a windows 0
// CHECK-NEXT: ou.mvm @b windows 0
// CHECK-NEXT: ou.mvm @a tile 1 windows 0
// CHECK-NEXT: ou.mvm @b tile 1 windows 0
