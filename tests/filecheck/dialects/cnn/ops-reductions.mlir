// RUN: %roundtrip --match-full-lines

// CHECK: cnn.network @reductions(%x: tensor<3x4x5xui8>) {
cnn.network @reductions(%x: tensor<3x4x5xui8>) {
  // CHECK-NEXT: %sum = cnn.global_sum_pool @sum %x <4x5> : tensor<3x4x5xui8> -> tensor<3x1x1x!cnn.quant<ui8, 2.0e+01>>
  %sum = cnn.global_sum_pool @sum %x <4x5> : tensor<3x4x5xui8> -> tensor<3x1x1x!cnn.quant<ui8, 2.0e+01>>
  cnn.output %sum : tensor<3x1x1x!cnn.quant<ui8, 2.0e+01>>
}
