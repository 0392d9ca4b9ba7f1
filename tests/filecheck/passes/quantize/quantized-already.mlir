// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s --match-full-lines

// CHECK: spatem-opt: quantize: the network is quantised already
cnn.network @net(%x: tensor<4xf32>) attributes {input_ranges = [#cnn.range<0.0, 1.0>]} {
  %codes = cnn.quantize %x : tensor<4xf32> -> tensor<4xui8>
  %leaky = cnn.leaky_relu @leaky %codes slope 0.5 : tensor<4xui8> -> tensor<4xui8>
  %real = cnn.dequantize %leaky : tensor<4xui8> -> tensor<4xf32>
  cnn.output %real : tensor<4xf32>
}
