// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.clip @op: input and output must have the same quantisation
  %r = cnn.clip @op %x from 0.0 : tensor<3x2x2xui8> -> tensor<3x2x2xsi8>
  cnn.output %r : tensor<3x2x2xsi8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.clip @op %x to 6.0 : tensor<3x2x2xf32> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: result has shape 3x4, its operands give 3x2x2
  %r = cnn.clip @op %x : tensor<3x2x2xf32> -> tensor<3x4xf32>
  cnn.output %r : tensor<3x4xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: has a lowest value of 1.0 above its highest of -1.0
  %r = cnn.clip @op %x from 1.0 to -1.0 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: has lowest -inf; it must be finite
  %r = "cnn.clip"(%x) <{sym_name = "op", lowest = 0xFF800000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: has highest nan; it must be finite
  %r = "cnn.clip"(%x) <{sym_name = "op", lowest = 0.0 : f32, highest = 0x7FC00000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.clip @op: has highest inf; it must be finite
  %r = "cnn.clip"(%x) <{sym_name = "op", highest = 0x7F800000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: a number must be of type f32, as in 0.5 : f32
  %r = "cnn.clip"(%x) <{sym_name = "op", highest = 6.0 : f64}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.leaky_relu @op: result has shape 3, its operands give 3x2x2
  %r = cnn.leaky_relu @op %x slope 0.1 : tensor<3x2x2xf32> -> tensor<3xf32>
  cnn.output %r : tensor<3xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.leaky_relu @op: has slope inf; it must be finite
  %r = "cnn.leaky_relu"(%x) <{sym_name = "op", slope = 0x7F800000 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.leaky_relu @op: has slope nan; it must be finite
  %r = "cnn.leaky_relu"(%x) <{sym_name = "op", slope = 0x7FC00000 : f32}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: a number must be of type f32, as in 0.5 : f32
  %r = "cnn.leaky_relu"(%x) <{sym_name = "op", slope = 1 : i64}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.sigmoid @op: result has shape 2x2x3, its operands give 3x2x2
  %r = cnn.sigmoid @op %x : tensor<3x2x2xui8> -> tensor<2x2x3xui8>
  cnn.output %r : tensor<2x2x3xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xi8>) {
  // CHECK: cnn.sigmoid @op: works on float32 or quantised integers (ui8, si8, !cnn.quant …), not on tensor<3x2x2xi8>
  %r = cnn.sigmoid @op %x : tensor<3x2x2xi8> -> tensor<3x2x2xi8>
  cnn.output %r : tensor<3x2x2xi8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.identity @op: input and output must have the same quantisation
  %r = cnn.identity @op %x : tensor<3x2x2xui8> -> tensor<3x2x2x!cnn.quant<ui8, 0.5>>
  cnn.output %r : tensor<3x2x2x!cnn.quant<ui8, 0.5>>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.identity @op: result has shape 12, its operands give 3x2x2
  %r = cnn.identity @op %x : tensor<3x2x2xf32> -> tensor<12xf32>
  cnn.output %r : tensor<12xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.affine @op: has scale of type tensor<2xf32>; it must be tensor<3xf32>
  %r = cnn.affine @op %x scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<3xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.affine @op: has shift of type tensor<3xsi8>; it must be tensor<3xf32>
  %r = cnn.affine @op %x scale dense<1.0> : tensor<3xf32> shift #cnn.seeded<0, tensor<3xsi8>> : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.affine @op: has seeded shift of type f32; only integers are drawn from a generator
  %r = cnn.affine @op %x scale dense<1.0> : tensor<3xf32> shift #cnn.seeded<0, tensor<3xf32>> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.affine @op: has values of scale that are not finite
  %r = cnn.affine @op %x scale dense<"0x0000803F0000C07F0000803F"> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.affine @op: has values of shift that are not finite
  %r = cnn.affine @op %x scale dense<1.0> : tensor<3xf32> shift dense<"0x0000807F"> : tensor<3xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: parameters of channels must be #cnn.file<…> or dense<…> : tensor<…xf32>
  %r = "cnn.affine"(%x) <{sym_name = "op", scale = dense<1.0> : vector<3xf32>, shift = dense<0.0> : tensor<3xf32>}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: parameters of channels must be #cnn.file<…> or dense<…> : tensor<…xf32>
  %r = "cnn.affine"(%x) <{sym_name = "op", scale = dense<1.0> : tensor<3xf32>, shift = 0.0 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.add @op: has no operand
  %r = cnn.add @op : -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>, %y: tensor<3x2x2xf16>) {
  // CHECK: cnn.add @op: works on float32 or quantised integers (ui8, si8, !cnn.quant …), not on tensor<3x2x2xf16>
  %r = cnn.add @op %x, %y : tensor<3x2x2xf32>, tensor<3x2x2xf16> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>, %y: tensor<2xf32>) {
  // CHECK: cnn.add @op: has operands of different rank
  %r = cnn.add @op %x, %y : tensor<3x2x2xf32>, tensor<2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>, %y: tensor<3x1x3xf32>) {
  // CHECK: cnn.add @op: has operands of shapes 3x2x2 and 3x1x3, which do not fit together
  %r = cnn.add @op %x, %y : tensor<3x2x2xf32>, tensor<3x1x3xf32> -> tensor<3x2x3xf32>
  cnn.output %r : tensor<3x2x3xf32>
}

// -----

cnn.network @net(%x: tensor<3x1x1xui8>, %y: tensor<3x2x2xui8>) {
  // CHECK: cnn.add @op: result has shape 3x1x1, its operands give 3x2x2
  %r = cnn.add @op %x, %y : tensor<3x1x1xui8>, tensor<3x2x2xui8> -> tensor<3x1x1xui8>
  cnn.output %r : tensor<3x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>, %y: tensor<3x2x2xui8>, %z: tensor<3x2x2xui8>) {
  // CHECK: cnn.mul @op: multiplies two tensors, not 3
  %r = cnn.mul @op %x, %y, %z : tensor<3x2x2xui8>, tensor<3x2x2xui8>, tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.mul @op: multiplies two tensors, not 1
  %r = cnn.mul @op %x : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.mul @op: has no operand
  %r = cnn.mul @op : -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>, %y: tensor<3x2x2xf32>) {
  // CHECK: cnn.mul @op: result has shape 3, its operands give 3x2x2
  %r = cnn.mul @op %x, %y : tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<3xf32>
  cnn.output %r : tensor<3xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.sub @op: subtracts one tensor from another, but has 1
  %r = cnn.sub @op %x : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.div @op: divides one tensor by another, but has 3
  %r = cnn.div @op %x, %x, %x : tensor<3x2x2xf32>, tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.max @op: result has shape 3x2, its operands give 3x2x2
  %r = cnn.max @op %x, %x : tensor<3x2x2xf32>, tensor<3x2x2xf32> -> tensor<3x2xf32>
  cnn.output %r : tensor<3x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.min @op: has no operand
  %r = "cnn.min"() <{sym_name = "op"}> : () -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.prelu @op: has slope of type tensor<2xf32>; it must be tensor<3xf32>
  %r = cnn.prelu @op %x slope dense<1.0> : tensor<2xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}
