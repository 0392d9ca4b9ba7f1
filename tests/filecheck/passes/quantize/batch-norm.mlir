// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s

// CHECK: cnn.batch_norm @norm: works on float32, not on tensor<2x!cnn.quant<ui8, 0.5>>; run fold-batch-norm first
cnn.network @net(%x: tensor<2xf32>) attributes {input_ranges = [#cnn.range<0.0, 127.5>]} {
  %norm = cnn.batch_norm @norm %x scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<1.0> : tensor<2xf32> epsilon 0.0 {range = #cnn.range<0.0, 1.0>} : tensor<2xf32> -> tensor<2xf32>
  cnn.output %norm : tensor<2xf32>
}
