// RUN: spatem-opt %s --pass-pipeline='remove-dead-positions' | filecheck %s --match-full-lines

// CHECK: cnn.network @whole(%x: tensor<1x7x7xui4>) {
cnn.network @whole(%x: tensor<1x7x7xui4>) {
  // Every position is read: nothing changes.

  // CHECK-NEXT: %c = cnn.conv @c %x <3x3> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x7x7xui4> -> tensor<4x5x5xui4>
  // CHECK-NEXT: %p = cnn.max_pool @p %c <3x3, strides 2x2> : tensor<4x5x5xui4> -> tensor<4x2x2xui4>
  // CHECK-NEXT: %g = cnn.global_average_pool @g %p <2x2> : tensor<4x2x2xui4> -> tensor<4x1x1xui4>
  // CHECK-NEXT: cnn.output %c, %g : tensor<4x5x5xui4>, tensor<4x1x1xui4>

  %c = cnn.conv @c %x <3x3> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x7x7xui4> -> tensor<4x5x5xui4>
  %p = cnn.max_pool @p %c <3x3, strides 2x2> : tensor<4x5x5xui4> -> tensor<4x2x2xui4>
  %g = cnn.global_average_pool @g %p <2x2> : tensor<4x2x2xui4> -> tensor<4x1x1xui4>
  cnn.output %c, %g : tensor<4x5x5xui4>, tensor<4x1x1xui4>
}
