// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order' --split-input-file | filecheck %s

// Each part of a file is a network of its own.

// CHECK: #hw.accelerator<"tiny"
// CHECK: cnn.network @first
// CHECK: ou.due @fc
// CHECK-NOT: @conv
// CHECK: {{/+ -----}}
cnn.network @first(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// -----

// CHECK: #hw.accelerator<"tiny"
// CHECK: cnn.network @second
// CHECK: ou.due @conv
// CHECK-NOT: @fc
cnn.network @second(%x: tensor<1x4x4xui8>) {
  %y = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  cnn.output %y : tensor<4x2x2xui8>
}
