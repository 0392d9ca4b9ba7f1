// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{method=sequential}' | filecheck %s --check-prefixes=CHECK,TILES
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{method=sequential homes=pool}' | filecheck %s --check-prefixes=CHECK,POOL
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{method=sequential homes=tiles}' | filecheck %s --check-prefixes=CHECK,TILES

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // Four copies, one in each PE: window v is dealt to copy v mod 4.
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 matrix 9x4 windows 4 grid <hwm = 1, wwm = 1, iw = 4 cyclic, ib = 1, tile 9x4> : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %relu = cnn.relu @relu %a : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  // Four copies again, each of two column slices.
  %b = mvm.layer @b %relu <1x1> weights #cnn.seeded<1, tensor<8x4x1x1xsi2>> scale 0.5 matrix 4x8 windows 4 grid <hwm = 1, wwm = 2, iw = 4 cyclic, ib = 1, tile 4x4> : tensor<4x2x2xui8> -> tensor<8x2x2xui8>
  %pool = cnn.max_pool @pool %b <2x2> : tensor<8x2x2xui8> -> tensor<8x1x1xui8>
  cnn.output %pool : tensor<8x1x1xui8>
}
vxb.stage 0 {
  vxb.place @a tiles 0 to 4 crossbars 0 to 16 step 4 at [0, 0]
  vxb.place @b tiles 0 to 8 crossbars 2 to 4 repeat 4 by 4 at [0, 0]
}

// The home of each of the four positions is the PE of its copy; an operator is where its input is.

// CHECK: pxb.home @a pes 0 to 4
// CHECK-NEXT: pxb.home @relu pes 0 to 4

// A layer that only a pooling reads is where the pooling is, or else where its tiles are: four
// positions for each slice.

// POOL-NEXT: pxb.home @b pes 0 to 2
// TILES-NEXT: pxb.home @b pes [0 to 4, 0 to 4]

// A pooling is where most of its inputs would be; the slices take turns among the PEs that tie.

// CHECK-NEXT: pxb.home @pool pes 0 to 2
