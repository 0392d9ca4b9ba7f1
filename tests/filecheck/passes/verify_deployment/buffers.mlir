// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics --pass-pipeline=verify-deployment | filecheck %s --match-full-lines

// What a digital operator reads for one result exceeds the buffer of 4096 bytes, wherever its home is.

cnn.network @net(%x: tensor<1x70x70xui8>) {
  %p = cnn.max_pool @p %x <70x70> : tensor<1x70x70xui8> -> tensor<1x1x1xui8>
  %f = cnn.flatten %p : tensor<1x1x1xui8> -> tensor<1xui8>
  %a = mvm.layer @a %f <1x1> weights #cnn.seeded<0, tensor<1x1xsi2>> scale 0.5 matrix 1x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1xui8> -> tensor<1xui8>
  cnn.output %a : tensor<1xui8>
}
// CHECK: vxb.stage 0: the buffer of a PE overflows: what position 0 of slice 0 of @p reads takes 4900 bytes at once; pe.buffer_bytes is 4096
vxb.stage 0 {
  vxb.place @a tiles 0 crossbars 0 at [0, 0]
}

// -----

// The same at the home that is known.

cnn.network @net(%x: tensor<1x70x70xui8>) {
  %p = cnn.max_pool @p %x <70x70> : tensor<1x70x70xui8> -> tensor<1x1x1xui8>
  %f = cnn.flatten %p : tensor<1x1x1xui8> -> tensor<1xui8>
  %a = mvm.layer @a %f <1x1> weights #cnn.seeded<0, tensor<1x1xsi2>> scale 0.5 matrix 1x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1> : tensor<1xui8> -> tensor<1xui8>
  cnn.output %a : tensor<1xui8>
}
// CHECK: pxb.stage 0: the buffer of PE 2 overflows: what position 0 of slice 0 of @p reads takes 4900 bytes at once; pe.buffer_bytes is 4096
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 2
}

// -----

// The operand of one window: 16 positions of 130 channels of 16 bits.

cnn.network @net(%x: tensor<130x4x4xui16>) {
  %a = mvm.layer @a %x <4x4> groups 130 weights #cnn.seeded<0, tensor<130x1x4x4xsi2>> scale 0.5 matrix 130 of 16x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 16x1> : tensor<130x4x4xui16> -> tensor<130x1x1xui8>
  cnn.output %a : tensor<130x1x1xui8>
}
// CHECK: pxb.stage 0: the buffer of PE 1 overflows: the operand of window 0 of @a, rows 0 to 15, takes 4160 bytes at once; pe.buffer_bytes is 4096
pxb.stage 0 {
  pxb.place @a tiles 0 to 130 crossbars [4 times 16 repeat 8 by 1, 12 times 2] at [0, [0 to 16 repeat 8 by 0, 0 to 2]]
  pxb.home @a pes 0 times 130
}

// -----

// Partial sums that wait at home for the last of them.

cnn.network @net(%x: tensor<65xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<16x65xsi2>> scale 0.5 matrix 65x16 windows 1 grid <hwm = 65, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x16> : tensor<65xui8> -> tensor<16xui8>
  cnn.output %a : tensor<16xui8>
}
// CHECK: pxb.stage 0: the buffer of PE 3 overflows: what meets for window 0 of @a, 65 x 16 partial sums, takes 4160 bytes at once; pe.buffer_bytes is 4096
pxb.stage 0 {
  pxb.place @a tiles 0 to 65 crossbars [0 times 16 repeat 4 by 1, 4] at [[0 to 16 repeat 4 by 0, 0], 0]
  pxb.home @a pes 3
}
ou.stage 0 {
  ou.stream crossbars 0 to 4 {
    ou.mvm @a windows 0
    ou.mvm @a tile 1 windows 0
    ou.mvm @a tile 2 windows 0
    ou.mvm @a tile 3 windows 0
    ou.mvm @a tile 4 windows 0
    ou.mvm @a tile 5 windows 0
    ou.mvm @a tile 6 windows 0
    ou.mvm @a tile 7 windows 0
    ou.mvm @a tile 8 windows 0
    ou.mvm @a tile 9 windows 0
    ou.mvm @a tile 10 windows 0
    ou.mvm @a tile 11 windows 0
    ou.mvm @a tile 12 windows 0
    ou.mvm @a tile 13 windows 0
    ou.mvm @a tile 14 windows 0
    ou.mvm @a tile 15 windows 0
  }
  ou.stream crossbars 4 {
    ou.mvm @a windows 0
  }
  ou.merge @a at <home>
}
