// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.hard_swish @op: mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize
  %r = cnn.hard_swish @op %x : tensor<4xf32> -> tensor<4xui8>
  cnn.output %r : tensor<4xui8>
}
