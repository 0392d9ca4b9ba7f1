// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.flatten: changes the number of elements
  %y = cnn.flatten %x : tensor<4xui8> -> tensor<5xui8>
  cnn.output %y : tensor<5xui8>
}

// -----

cnn.network @net(%x: tensor<4x!cnn.quant<ui8, 0.5>>) {
  // CHECK: cnn.flatten: input and output must have the same quantisation
  %y = cnn.flatten %x : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<4x!cnn.quant<ui8, 0.5, 1>>
  cnn.output %y : tensor<4x!cnn.quant<ui8, 0.5, 1>>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.concat: joins at least one tensor
  %y = cnn.concat : -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>, %y: tensor<4xui4>) {
  // CHECK: cnn.concat: input and output must have the same quantisation
  %z = cnn.concat %x, %y : tensor<4xui8>, tensor<4xui4> -> tensor<8xui8>
  cnn.output %z : tensor<8xui8>
}

// -----

cnn.network @net(%x: tensor<1x2x2xui8>, %y: tensor<1x2x3xui8>) {
  // CHECK: cnn.concat: joins tensors that differ behind their first dimension
  %z = cnn.concat %x, %y : tensor<1x2x2xui8>, tensor<1x2x3xui8> -> tensor<2x2x2xui8>
  cnn.output %z : tensor<2x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<1x2x2xui8>, %y: tensor<2x2x2xui8>) {
  // CHECK: cnn.concat: result has shape 2x2x2, its operands give 3x2x2
  %z = cnn.concat %x, %y : tensor<1x2x2xui8>, tensor<2x2x2xui8> -> tensor<2x2x2xui8>
  cnn.output %z : tensor<2x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.concat: works on tensors of known shape, such as tensor<4xui8>, not on tensor<ui8>
  %y = cnn.concat %x : tensor<4xui8> -> tensor<ui8>
  cnn.output %y : tensor<ui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.flatten: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.flatten %x : tensor<4xf32> -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>, %y: tensor<4xui8>) {
  // CHECK: cnn.concat: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.concat %x, %y : tensor<4xf32>, tensor<4xui8> -> tensor<8xf32>
  cnn.output %r : tensor<8xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.transpose: input and output must have the same quantisation
  %r = cnn.transpose %x [0, 1, 2] : tensor<3x2x2xui8> -> tensor<3x2x2xsi8>
  cnn.output %r : tensor<3x2x2xsi8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.transpose: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.transpose %x [0, 1, 2] : tensor<3x2x2xf32> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.transpose: has [0, 1], which is no permutation of 3 dimensions
  %r = cnn.transpose %x [0, 1] : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.transpose: has [0, 1, 1], which is no permutation of 3 dimensions
  %r = cnn.transpose %x [0, 1, 1] : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.transpose: has [-1, 0, 1], which is no permutation of 3 dimensions
  %r = cnn.transpose %x [-1, 0, 1] : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.transpose: result has shape 3x2x2, its operands give 2x2x3
  %r = cnn.transpose %x [1, 2, 0] : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: input and output must have the same quantisation
  %r = cnn.pad @op %x before [0, 0, 0] after [0, 0, 0] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xsi8>
  cnn.output %r : tensor<3x2x2xsi8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.pad @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.pad @op %x before [0, 0, 0] after [0, 0, 0] value 0.0 : tensor<3x2x2xf32> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: needs one number before and one after for each of 3 dimensions
  %r = cnn.pad @op %x before [0, 0] after [0, 0] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: needs one number before and one after for each of 3 dimensions
  %r = cnn.pad @op %x before [0, 0, 0] after [0, 0] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: has negative pads
  %r = cnn.pad @op %x before [0, -1, 0] after [0, 1, 0] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: has negative pads
  %r = cnn.pad @op %x before [0, 0, 0] after [0, 0, -1] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x1xui8>
  cnn.output %r : tensor<3x2x1xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.pad @op: result has shape 3x2x2, its operands give 3x3x4
  %r = cnn.pad @op %x before [0, 1, 0] after [0, 0, 2] value 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.pad @op: has value inf; it must be finite
  %r = "cnn.pad"(%x) <{sym_name = "op", before = array<i64: 0, 0, 0>, after = array<i64: 0, 0, 0>, value = 0x7F800000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: a number must be of type f32, as in 0.5 : f32
  %r = "cnn.pad"(%x) <{sym_name = "op", before = array<i64: 0, 0, 0>, after = array<i64: 0, 0, 0>, value = 0.0 : f64}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}
