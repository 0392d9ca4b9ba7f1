// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order,expand-ou{until=streams}' | filecheck %s

// Every stage gets its program: that of the tiles which its crossbars hold.

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x4> : tensor<4xui8> -> tensor<4xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
mvm.stage 0 from @a
mvm.stage 1 from @b
pxb.stage 0 {
  pxb.place @a tiles 0 to 2 crossbars 3 to 5 at [0, 0]
  pxb.home @a pes 0
}
pxb.stage 1 {
  pxb.place @b tiles 0 crossbars 3 at [0, 0]
  pxb.home @b pes 0
}
pxb.write 0 crossbars 3
pxb.write 1 crossbars 3

// CHECK: ou.stage 0 {
// CHECK-NEXT: ou.stream crossbars 3 to 5 {
// CHECK-NEXT: ou.mvm @a windows 0
// CHECK-NEXT: }

// CHECK: ou.stage 1 {
// CHECK-NEXT: ou.stream crossbars 3 {
// CHECK-NEXT: ou.mvm @b windows 0
// CHECK-NEXT: }
