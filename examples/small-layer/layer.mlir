// A convolution of 3 x 3 x 2 inputs and 4 outputs on a 6 x 6 image, followed by a pooling.
// Weights come from a seeded generator; activations are unsigned 4-bit integers.
cnn.network @small(%image: tensor<2x6x6xui4>) {
  %conv = cnn.conv @conv %image <3x3> weights #cnn.seeded<1, tensor<4x2x3x3xsi2>> scale 0.05 : tensor<2x6x6xui4> -> tensor<4x4x4xui4>
  %pool = cnn.max_pool @pool %conv <2x2, strides 2x2> : tensor<4x4x4xui4> -> tensor<4x2x2xui4>
  cnn.output %pool : tensor<4x2x2xui4>
}
