// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.hard_sigmoid @op: has beta inf; it must be finite
  %r = "cnn.hard_sigmoid"(%x) <{sym_name = "op", alpha = 1.0 : f32, beta = 0x7F800000 : f32}> : (tensor<4xf32>) -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.elu @op: has gamma nan; it must be finite
  %r = "cnn.elu"(%x) <{sym_name = "op", alpha = 1.0 : f32, gamma = 0x7FC00000 : f32}> : (tensor<4xf32>) -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.celu @op: has alpha 0.0; it must be positive
  %r = cnn.celu @op %x alpha 0.0 : tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.gelu @op: result has shape 2x2, its operands give 4
  %r = cnn.gelu @op %x tanh : tensor<4xf32> -> tensor<2x2xf32>
  cnn.output %r : tensor<2x2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.where @op: has a condition and two values, but 2 operands
  %r = cnn.where @op %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.log_softmax @op: has axis 1 of 1 dimensions
  %r = cnn.log_softmax @op %x axis 1 : tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.round @op: has mode 'nearest'; one of half-even, half-up, half-down, floor, ceil, up, down
  %r = cnn.round @op %x "nearest" step 1.0 : tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.round @op: has step 0.0; it must be positive and finite
  %r = cnn.round @op %x "floor" step 0.0 : tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xui2>) {
  // CHECK: cnn.table @op: has 3 codes; an operand of 2 bits needs 4
  %r = cnn.table @op %x codes [0, 1, 2] : tensor<4xui2> -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui2>) {
  // CHECK: cnn.table @op: has codes outside of -2 to 1
  %r = cnn.table @op %x codes [0, 1, 2, -2] : tensor<4xui2> -> tensor<4xsi2>
  cnn.output %r : tensor<4xsi2>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: cnn.table @op: has an operand of 16 bits; tables are of 8 at most
  %r = cnn.table @op %x codes [0, 1] : tensor<4xui16> -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.table @op: works on quantised integers (ui8, si8, !cnn.quant …), not on tensor<4xf32>
  %r = cnn.table @op %x codes [0, 1] : tensor<4xf32> -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}
