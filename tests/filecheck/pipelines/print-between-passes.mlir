// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order' --print-between-passes | filecheck %s

// The IR after every pass but the last, and the result.

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// CHECK: IR after partition:
// CHECK: mvm.layer @fc
// CHECK-NOT: .stage

// CHECK: IR after pack:
// CHECK: mvm.layer @fc
// CHECK: vxb.stage 0

// CHECK: IR after assign:
// CHECK: mvm.layer @fc
// CHECK-NOT: vxb.stage
// CHECK: pxb.stage 0
// CHECK-NOT: ou.stage

// CHECK: builtin.module
// CHECK: mvm.layer @fc
// CHECK: pxb.stage 0
// CHECK: ou.stage 0
// CHECK-NOT: IR after
