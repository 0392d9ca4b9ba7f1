// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has a quantised result of a float32 input; insert cnn.quantize
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> : tensor<4xf32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of type f64; they must be float32, signed or unsigned integers
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf64> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of 17 bits; 2 to 16 are possible
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi17>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weight zero point 2, which is no value of si2
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 zero_point 2 : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of codes without a scale; add one, as in scale 0.5
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of float32, which take no scale and no zero point
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of float32, which take no scale and no zero point
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> zero_point 1 : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has weights of shape 2x3, its types give 2x4
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x3xf32> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has seeded weights of type f32; only integers are drawn from a generator
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xf32>> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has values of weights that are not finite
  %y = cnn.dense @fc %x weights dense<"0x0000C07F"> : tensor<2x4xf32> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has bias of shape 4, its types give 2
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> bias dense<1.0> : tensor<4xf32> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has values of bias that are not finite
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> bias dense<"0x0000803F000080FF"> : tensor<2xf32> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has a bias that is not of type f32 or si32
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> bias #cnn.seeded<0, tensor<2xsi16>> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has a bias of codes, so its weights and its input must be codes too
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 bias #cnn.seeded<0, tensor<2xsi32>> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  %real = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>
  // CHECK: cnn.dense @fc: has a bias of codes, so its weights and its input must be codes too
  %y = cnn.dense @fc %real weights dense<1.0> : tensor<2x4xf32> bias #cnn.seeded<0, tensor<2xsi32>> : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has a float32 result, which is not requantised; leave requantize out
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> requantize "fixed-point" : tensor<4xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}

// -----

cnn.network @net(%x: tensor<1x2x2xf32>) {
  // CHECK: cnn.dense @fc: works on flat tensors; insert cnn.flatten
  %y = cnn.dense @fc %x weights dense<1.0> : tensor<2x4xf32> : tensor<1x2x2xf32> -> tensor<2xf32>
  cnn.output %y : tensor<2xf32>
}
