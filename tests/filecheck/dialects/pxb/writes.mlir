// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic --accelerator tiny | filecheck %s --match-full-lines --check-prefix=GENERIC

// A crossbar that several stages use is rewritten before each of them.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 matrix 9x2 windows 4 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2> : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = mvm.layer @b %f <1x1> weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2> : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.home @a pes 0
  pxb.home @p pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 0 at [0, 0]
  pxb.home @b pes 0
}

// CHECK: pxb.write 0 crossbars 0
// GENERIC: "pxb.write"() <{number = 0 : i64, crossbars = #hw.indices<0>}> : () -> ()
pxb.write 0 crossbars 0

// CHECK-NEXT: pxb.write 1 crossbars 0
// GENERIC-NEXT: "pxb.write"() <{number = 1 : i64, crossbars = #hw.indices<0>}> : () -> ()
pxb.write 1 crossbars 0
