// RUN: spatem-opt %s --pass-pipeline='remove-dead-positions' | filecheck %s --match-full-lines

// CHECK: cnn.network @two(%x: tensor<1x8x8xui4>) {
cnn.network @two(%x: tensor<1x8x8xui4>) {
  // What any reader reads stays; each finds its rows among those that are left.

  // CHECK-NEXT: %c = cnn.conv @c %x <1x1, rows [0 to 2, 3 to 5, 7]> weights #cnn.seeded<1, tensor<4x1x1x1xsi2>> scale 0.05 : tensor<1x8x8xui4> -> tensor<4x5x8xui4>
  // CHECK-NEXT: %top = cnn.gather %c dimension 1 indices 0 to 2 : tensor<4x5x8xui4> -> tensor<4x2x8xui4>
  // CHECK-NEXT: %p = cnn.max_pool @p %c <1x1, strides 3x1> : tensor<4x5x8xui4> -> tensor<4x2x8xui4>
  // CHECK-NEXT: %0 = cnn.gather %c dimension 1 indices [0, 2 to 5] : tensor<4x5x8xui4> -> tensor<4x4x8xui4>
  // CHECK-NEXT: %d = cnn.conv @d %0 <2x1, dilations 2x1> weights #cnn.seeded<1, tensor<4x4x2x1xsi2>> scale 0.05 : tensor<4x4x8xui4> -> tensor<4x2x8xui4>
  // CHECK-NEXT: %s = cnn.add @s %top, %p, %d : tensor<4x2x8xui4>, tensor<4x2x8xui4>, tensor<4x2x8xui4> -> tensor<4x2x8xui4>
  // CHECK-NEXT: cnn.output %s : tensor<4x2x8xui4>

  %c = cnn.conv @c %x <1x1> weights #cnn.seeded<1, tensor<4x1x1x1xsi2>> scale 0.05 : tensor<1x8x8xui4> -> tensor<4x8x8xui4>
  %top = cnn.gather %c dimension 1 indices 0 to 2 : tensor<4x8x8xui4> -> tensor<4x2x8xui4>
  %p = cnn.max_pool @p %c <1x1, strides 4x1> : tensor<4x8x8xui4> -> tensor<4x2x8xui4>
  %d = cnn.conv @d %c <2x1, strides 3x1, dilations 4x1> weights #cnn.seeded<1, tensor<4x4x2x1xsi2>> scale 0.05 : tensor<4x8x8xui4> -> tensor<4x2x8xui4>
  %s = cnn.add @s %top, %p, %d : tensor<4x2x8xui4>, tensor<4x2x8xui4>, tensor<4x2x8xui4> -> tensor<4x2x8xui4>
  cnn.output %s : tensor<4x2x8xui4>
}
