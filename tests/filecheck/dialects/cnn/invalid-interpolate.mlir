// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<3x4x4xf32>) {
  // CHECK: cnn.interpolate @op: has windows that do not lie side by side
  %r = cnn.interpolate @op %x <2x2> rows dense<1.0> : tensor<3x2xf32> columns dense<1.0> : tensor<3x2xf32> : tensor<3x4x4xf32> -> tensor<3x3x3xf32>
  cnn.output %r : tensor<3x3x3xf32>
}

// -----

cnn.network @net(%x: tensor<3x4x4xf32>) {
  // CHECK: cnn.interpolate @op: has rows of shape 2x3, its types give 2x2
  %r = cnn.interpolate @op %x <2x2, strides 2x2> rows dense<1.0> : tensor<2x3xf32> columns dense<1.0> : tensor<2x2xf32> : tensor<3x4x4xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x4x4xf32>) {
  // CHECK: cnn.interpolate @op: has columns of type tensor<2x2xsi8>; they must be f32
  %r = cnn.interpolate @op %x <2x2, strides 2x2> rows dense<1.0> : tensor<2x2xf32> columns dense<1> : tensor<2x2xsi8> : tensor<3x4x4xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}
