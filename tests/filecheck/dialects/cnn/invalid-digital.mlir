// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.max_pool @pool: pools a feature map of 3 dimensions, not 1
  %y = cnn.max_pool @pool %x <2x2> : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.average_pool @pool: works on float32 or quantised integers (ui8, si8, !cnn.quant …), not on tensor<1x3x3xi8>
  %y = cnn.average_pool @pool %x <2x2> : tensor<1x4x4xui8> -> tensor<1x3x3xi8>
  cnn.output %y : tensor<1x3x3xi8>
}

// -----

cnn.network @net(%x: tensor<1x4x?xui8>) {
  // CHECK: cnn.max_pool @pool: works on tensors of known shape, such as tensor<4xui8>, not on tensor<1x4x?xui8>
  %y = cnn.max_pool @pool %x <2x2> : tensor<1x4x?xui8> -> tensor<1x3x?xui8>
  cnn.output %y : tensor<1x3x?xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.max_pool @pool: result has shape 1x4x4, its operands give 1x3x3
  %y = cnn.max_pool @pool %x <2x2> : tensor<1x4x4xui8> -> tensor<1x4x4xui8>
  cnn.output %y : tensor<1x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.max_pool @pool: has no window that fits into its input
  %y = cnn.max_pool @pool %x <3x3, dilations 2x1> : tensor<1x4x4xui8> -> tensor<1x4x4xui8>
  cnn.output %y : tensor<1x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.max_pool @pool: has a window of padding alone; make the pads smaller
  %y = cnn.max_pool @pool %x <2x2, pads [2, 0, 0, 0]> : tensor<1x4x4xui8> -> tensor<1x5x3xui8>
  cnn.output %y : tensor<1x5x3xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.average_pool @pool: has a window of padding alone; make the pads smaller
  %y = cnn.average_pool @pool %x <2x2, pads [0, 0, 0, 2]> count_include_pad : tensor<1x4x4xui8> -> tensor<1x3x5xui8>
  cnn.output %y : tensor<1x3x5xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.max_pool @pool: input and output must have the same quantisation
  %y = cnn.max_pool @pool %x <2x2> : tensor<1x4x4xui8> -> tensor<1x3x3x!cnn.quant<ui8, 0.5>>
  cnn.output %y : tensor<1x3x3x!cnn.quant<ui8, 0.5>>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.relu @relu: input and output must have the same quantisation
  %y = cnn.relu @relu %x : tensor<4xui8> -> tensor<4xsi8>
  cnn.output %y : tensor<4xsi8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.relu @relu: result has shape 2x2, its operands give 4
  %y = cnn.relu @relu %x : tensor<4xui8> -> tensor<2x2xui8>
  cnn.output %y : tensor<2x2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui33>) {
  // CHECK: cnn.relu @relu: works on integers of 1 to 32 bits, not on tensor<4xui33>
  %y = cnn.relu @relu %x : tensor<4xui33> -> tensor<4xui33>
  cnn.output %y : tensor<4xui33>
}

// -----

// The two kernel rows of the one window are above and below the only row.

cnn.network @net(%x: tensor<1x1x1xui8>) {
  // CHECK: cnn.average_pool @pool: has a window of padding alone; make the pads smaller
  %y = cnn.average_pool @pool %x <2x1, pads [1, 0, 1, 0], dilations 2x1> : tensor<1x1x1xui8> -> tensor<1x1x1xui8>
  cnn.output %y : tensor<1x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.global_average_pool @pool: has a window with pads
  %y = cnn.global_average_pool @pool %x <4x4, pads [0, 0, 0, 1]> : tensor<1x4x4xui8> -> tensor<1x1x2xui8>
  cnn.output %y : tensor<1x1x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf64>) {
  // CHECK: cnn.relu @op: works on float32 or quantised integers (ui8, si8, !cnn.quant …), not on tensor<3x2x2xf64>
  %r = cnn.relu @op %x : tensor<3x2x2xf64> -> tensor<3x2x2xf64>
  cnn.output %r : tensor<3x2x2xf64>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.max_pool @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.max_pool @op %x <1x1> : tensor<3x2x2xf32> -> tensor<3x2x2xui8>
  cnn.output %r : tensor<3x2x2xui8>
}

// -----

cnn.network @net(%x: tensor<3x2x2xui8>) {
  // CHECK: cnn.relu @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.relu @op %x : tensor<3x2x2xui8> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.global_average_pool @op: result has shape 3x2x2, its operands give 3x1x1
  %r = cnn.global_average_pool @op %x <2x2> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  cnn.output %r : tensor<3x2x2xf32>
}

// -----

cnn.network @net(%x: tensor<3x2x2xf32>) {
  // CHECK: cnn.average_pool @op: works on tensors of known shape, such as tensor<4xui8>, not on tensor<f32>
  %r = cnn.average_pool @op %x <1x1> : tensor<3x2x2xf32> -> tensor<f32>
  cnn.output %r : tensor<f32>
}
