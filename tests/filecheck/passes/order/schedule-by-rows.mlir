// RUN: spatem-opt %s --accelerator tiny | spatem-opt | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign,order' | filecheck %s --check-prefix=ORDERED
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='assign{poolings=whole},order' 2>&1 | filecheck %s --check-prefix=WHOLE

// An order may be for a deployment in which a pooling works by rows, before assign has decided that it does.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 16 grid <hwm = 1, wwm = 1, iw = 2 blocks, ib = 1, tile 1x1> : tensor<1x4x4xui8> -> tensor<1x4x4xui8>
  %p = cnn.max_pool @p %a <4x4> : tensor<1x4x4xui8> -> tensor<1x1x1xui8>
  cnn.output %p : tensor<1x1x1xui8>
}
vxb.stage 0 in_place {
  vxb.place @a tiles 0 to 2 crossbars [0, 4] at [0, 0]
}

// CHECK: ou.schedule timed {
// CHECK-NEXT: ou.due @a at 0 to 16
// CHECK-NEXT: ou.wait @a for @p.sums until [0 times 8, 1 times 8]
// CHECK-NEXT: }
ou.schedule timed {
  ou.due @a at 0 to 16
  ou.wait @a for @p.sums until [0 times 8, 1 times 8]
}

// ORDERED-NOT: ou.schedule
// ORDERED: ou.stage 0 timed {
// ORDERED-NEXT: ou.due @a at 0 to 16
// ORDERED-NEXT: ou.wait @a for @p.sums until [0 times 8, 1 times 8]
// ORDERED-NEXT: }

// WHOLE: spatem-opt: ou.wait @a: names @p.sums, which is no node of the network
