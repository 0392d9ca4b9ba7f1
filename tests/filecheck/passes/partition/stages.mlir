// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac stages=2}' | filecheck %s --check-prefixes=CHECK,MVM
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac stages=2},pack,assign{method=sequential},order,verify-deployment' | filecheck %s --check-prefixes=CHECK,OU
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac stages=1}' | filecheck %s --check-prefix=ONE

// Each stage is partitioned, packed, assigned and ordered by itself, on the whole chip; what
// `partition` leaves for `pack` stands in the stage.

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = cnn.conv @a %x <3x3> weights #cnn.seeded<0, tensor<2x1x3x3xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<2x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<2x2x2xui8> -> tensor<2x1x1xui8>
  %f = cnn.flatten %p : tensor<2x1x1xui8> -> tensor<2xui8>
  %b = cnn.dense @b %f weights #cnn.seeded<1, tensor<2x2xsi2>> scale 0.5 : tensor<2xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}

// CHECK: %a = mvm.layer @a
// CHECK: %b = mvm.layer @b
// CHECK: mvm.stage 0 from @a
// MVM-NEXT: mvm.packing "exclusive"
// MVM: mvm.stage 1 from @b
// MVM-NEXT: mvm.packing "exclusive"

// OU: mvm.stage 1 from @b
// OU-NEXT: pxb.stage 0 {
// OU-NEXT: pxb.place @a tiles 0 to 4 crossbars 0 to 4 at [0, 0]
// OU: pxb.home @p pes
// OU: pxb.stage 1 {
// OU-NEXT: pxb.place @b tiles 0 crossbars 0 at [0, 0]
// OU: pxb.write 0 crossbars 0
// OU-NEXT: pxb.write 1 crossbars 0
// OU-NEXT: ou.stage 0 {
// OU: ou.stage 1 {

// ONE-NOT: mvm.stage
