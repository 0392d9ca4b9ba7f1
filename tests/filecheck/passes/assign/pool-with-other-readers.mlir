// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{method=sequential}' | filecheck %s

// Another layer reads what is pooled, too: it stays where its tiles are.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 matrix 9x4 windows 4 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 9x4> : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %pool = cnn.max_pool @pool %a <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %b = mvm.layer @b %a <2x2> weights #cnn.seeded<1, tensor<4x4x2x2xsi2>> scale 0.5 matrix 16x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 16x4> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %both = cnn.concat %pool, %b : tensor<4x1x1xui8>, tensor<4x1x1xui8> -> tensor<8x1x1xui8>
  cnn.output %both : tensor<8x1x1xui8>
}
vxb.stage 0 {
  vxb.place @a tiles 0 to 2 crossbars [0, 4] at [0, 0]
  vxb.place @b tiles 0 crossbars 15 at [0, 0]
}

// CHECK: pxb.home @a pes 0 to 2
// CHECK-NEXT: pxb.home @pool pes 0
// CHECK-NEXT: pxb.home @b pes 3
