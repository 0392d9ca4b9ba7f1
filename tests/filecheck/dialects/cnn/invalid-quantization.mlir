// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.quantize: works on float32 here, not on tensor<4xui8>
  %y = cnn.quantize %x : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.quantize: works on quantised integers (ui8, si8, !cnn.quant …), not on tensor<4xf32>
  %y = cnn.quantize %x : tensor<4xf32> -> tensor<4xf32>
  cnn.output %y : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.quantize: result has shape 5, its operands give 4
  %y = cnn.quantize %x : tensor<4xf32> -> tensor<5xui8>
  cnn.output %y : tensor<5xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dequantize: works on quantised integers (ui8, si8, !cnn.quant …), not on tensor<4xf32>
  %y = cnn.dequantize %x : tensor<4xf32> -> tensor<4xf32>
  cnn.output %y : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dequantize: works on float32 here, not on tensor<4xf64>
  %y = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf64>
  cnn.output %y : tensor<4xf64>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dequantize: result has shape 2x2, its operands give 4
  %y = cnn.dequantize %x : tensor<4xui8> -> tensor<2x2xf32>
  cnn.output %y : tensor<2x2xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.requantize @op: has float32 tensors alone, which have no quantisation
  %r = cnn.requantize @op %x : tensor<4xf32> -> tensor<4xf32>
  cnn.output %r : tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.requantize @op: result has shape 2x2, its operands give 4
  %r = cnn.requantize @op %x : tensor<4xui8> -> tensor<2x2xsi8>
  cnn.output %r : tensor<2x2xsi8>
}
