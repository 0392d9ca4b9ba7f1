// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.batch_norm @op: works on float32, not on tensor<3x2x2xui8>; run fold-batch-norm first
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: result has shape 3x4, its operands give 3x2x2
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x4xf32>
  cnn.output %r : tensor<3x4xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has scale of type tensor<4xf32>; it must be tensor<3xf32>
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<4xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has shift of type tensor<3x1xf32>; it must be tensor<3xf32>
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<1.0> : tensor<3x1xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has mean of type tensor<3xf64>; it must be tensor<3xf32>
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<1.0> : tensor<3xf64> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has variance of type tensor<3xsi8>; it must be tensor<3xf32>
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance #cnn.seeded<0, tensor<3xsi8>> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has seeded mean of type f32; only integers are drawn from a generator
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean #cnn.seeded<0, tensor<3xf32>> variance dense<1.0> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has values of variance that are not finite
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<"0x0000807F"> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has a negative variance
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<[1.0, -1.0, 1.0]> : tensor<3xf32> epsilon 0.001 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has epsilon -0.5; it must not be negative
  %r = cnn.batch_norm @op %x scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<0.0> : tensor<3xf32> variance dense<1.0> : tensor<3xf32> epsilon -0.5 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.batch_norm @op: has epsilon nan; it must be finite
  %r = "cnn.batch_norm"(%x) <{sym_name = "op", scale = dense<1.0> : tensor<3xf32>, shift = dense<1.0> : tensor<3xf32>, mean = dense<1.0> : tensor<3xf32>, variance = dense<1.0> : tensor<3xf32>, epsilon = 0x7FC00000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: a number must be of type f32, as in 0.5 : f32
  %r = "cnn.batch_norm"(%x) <{sym_name = "op", scale = dense<1.0> : tensor<3xf32>, shift = dense<1.0> : tensor<3xf32>, mean = dense<1.0> : tensor<3xf32>, variance = dense<1.0> : tensor<3xf32>, epsilon = 1.0e-5 : f64}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has size 0; it must be at least 1
  %r = cnn.lrn @op %x size 0 alpha 0.001 beta 0.75 bias 1.0 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has size -1; it must be at least 1
  %r = cnn.lrn @op %x size -1 alpha 0.001 beta 0.75 bias 1.0 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has alpha -0.5; it must not be negative
  %r = cnn.lrn @op %x size 5 alpha -0.5 beta 0.75 bias 1.0 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has bias 0.0; it must be positive
  %r = cnn.lrn @op %x size 5 alpha 0.001 beta 0.75 bias 0.0 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: result has shape 3, its operands give 3x2x2
  %r = cnn.lrn @op %x size 5 alpha 0.001 beta 0.75 bias 1.0 : tensor<3x2x2xf32> -> tensor<3xf32>
  cnn.output %r : tensor<3xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has alpha inf; it must be finite
  %r = "cnn.lrn"(%x) <{sym_name = "op", size = 5 : i64, alpha = 0x7F800000 : f32, beta = 0.75 : f32, bias = 1.0 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has beta nan; it must be finite
  %r = "cnn.lrn"(%x) <{sym_name = "op", size = 5 : i64, alpha = 0.001 : f32, beta = 0x7FC00000 : f32, bias = 1.0 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.lrn @op: has bias inf; it must be finite
  %r = "cnn.lrn"(%x) <{sym_name = "op", size = 5 : i64, alpha = 0.001 : f32, beta = 0.75 : f32, bias = 0x7F800000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: a number must be of type f32, as in 0.5 : f32
  %r = "cnn.lrn"(%x) <{sym_name = "op", size = 5 : i64, alpha = 0.001 : f32, beta = 1 : i64, bias = 1.0 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.softmax @op: has axis 3 of 3 dimensions
  %r = cnn.softmax @op %x axis 3 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.softmax @op: has axis -1 of 3 dimensions
  %r = cnn.softmax @op %x axis -1 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.softmax @op: result has shape 2x2, its operands give 4
  %r = cnn.softmax @op %x : tensor<4xf32> -> tensor<2x2xf32>
  cnn.output %r : tensor<2x2xf32>
}
