// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order' | filecheck %s --check-prefix=ORDERED
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='order{method=asap}' | filecheck %s --check-prefix=ASAP

// An order that was found before is taken over; an option goes before it.

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x12xsi2>> scale 0.5 matrix 12x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 4, tile 12x4> : tensor<12xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 to 6 crossbars 0 to 6 at [0, 0]
  pxb.place @b tiles 0 to 4 crossbars 6 to 10 at [0, 0]
  pxb.home @a pes 0 to 2
  pxb.home @b pes 1
}

// CHECK: ou.schedule timed {
// CHECK-NEXT: ou.due @a at 7
// CHECK-NEXT: ou.due @b at 9
// CHECK-NEXT: ou.wait @b for @a until 1
// CHECK-NEXT: }
ou.schedule timed {
  ou.due @a at 7
  ou.due @b at 9
  ou.wait @b for @a until 1
}

// ORDERED-NOT: ou.schedule
// ORDERED: ou.stage 0 timed {
// ORDERED-NEXT: ou.due @a at 7
// ORDERED-NEXT: ou.due @b at 9
// ORDERED-NEXT: ou.wait @b for @a until 1
// ORDERED-NEXT: }
// ORDERED-NOT: ou.schedule

// ASAP-NOT: ou.schedule
// ASAP: ou.stage 0 {
// ASAP-NOT: ou.wait
// ASAP-NOT: ou.schedule
