// RUN: spatem-opt %s --pass-pipeline='remove-dead-positions' | filecheck %s --match-full-lines

// CHECK: cnn.network @irregular(%x: tensor<1x12x12xui4>) {
cnn.network @irregular(%x: tensor<1x12x12xui4>) {
  // A pooling leaves rows and columns out; the layer before it has no windows for them.

  // CHECK-NEXT: %c = cnn.conv @c %x <3x3, pads [1, 1, 1, 1], rows 0 to 2 repeat 4 by 3, columns 0 to 2 repeat 3 by 4> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x12x12xui4> -> tensor<4x8x6xui4>
  // CHECK-NEXT: %r = cnn.relu @r %c : tensor<4x8x6xui4> -> tensor<4x8x6xui4>
  // CHECK-NEXT: %p = cnn.max_pool @p %r <2x2, strides 2x2> : tensor<4x8x6xui4> -> tensor<4x4x3xui4>
  // CHECK-NEXT: cnn.output %p : tensor<4x4x3xui4>

  %c = cnn.conv @c %x <3x3, pads [1, 1, 1, 1]> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x12x12xui4> -> tensor<4x12x12xui4>
  %r = cnn.relu @r %c : tensor<4x12x12xui4> -> tensor<4x12x12xui4>
  %p = cnn.max_pool @p %r <2x2, strides 3x4> : tensor<4x12x12xui4> -> tensor<4x4x3xui4>
  cnn.output %p : tensor<4x4x3xui4>
}
