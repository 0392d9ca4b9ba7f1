// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: cnn.accumulate @s: adds accumulators, which are si32, not tensor<2xsi8>
cnn.network @net(%x: tensor<2xsi8>) {
  %y = cnn.accumulate @s %x input_scale 1.0 scale 0.5 : tensor<2xsi8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// CHECK: cnn.accumulate @s: result has shape 2, its operands give 3
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale 1.0 scale 0.5 : tensor<2xsi32> -> tensor<3xui8>
  cnn.output %y : tensor<3xui8>
}

// -----

// CHECK: cnn.accumulate @s: has input_scale -1.0; it must be positive
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale -1.0 scale 0.5 : tensor<2xsi32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// CHECK: cnn.accumulate @s: has no scale; add that of the weights, as in scale 0.5
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale 1.0 : tensor<2xsi32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// CHECK: cnn.accumulate @s: has scales that are not positive
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale 1.0 scale dense<[0.5, 0.0]> : tensor<2xf32> : tensor<2xsi32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// CHECK: cnn.accumulate @s: has a bias that is not of type si32
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale 1.0 scale 0.5 bias dense<1.0> : tensor<2xf32> : tensor<2xsi32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// CHECK: cnn.accumulate @s: has requantize 'up'; it must be f32-half-even or fixed-point
cnn.network @net(%x: tensor<2xsi32>) {
  %y = cnn.accumulate @s %x input_scale 1.0 scale 0.5 requantize "up" : tensor<2xsi32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
