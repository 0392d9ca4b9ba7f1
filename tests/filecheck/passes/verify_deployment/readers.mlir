// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// Nobody reads what a layer computes.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  // CHECK: mvm.layer @b: nobody reads its results; run remove-identities before partition
  %b = mvm.layer @b %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %a : tensor<4xui8>
}
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
  vxb.place @b tiles 0 crossbars 1 at [0, 0]
}
