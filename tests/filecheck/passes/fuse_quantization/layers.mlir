// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// CHECK: cnn.network @layers(%x: tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>) {
cnn.network @layers(%x: tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>) {
  %x_real = cnn.dequantize %x : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xf32>

  // A layer keeps all its properties.

  // CHECK-NEXT: %conv_real = cnn.conv @conv %x <3x3, pads [1, 1, 1, 1]> groups 2 weights #cnn.seeded<0, tensor<4x1x3x3xsi4>> scale dense<[5.000000e-01, 2.500000e-01, 1.250000e-01, 1.000000e+00]> : tensor<4xf32> zero_point -1 bias #cnn.seeded<1, tensor<4xsi32>> : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x4x4x!cnn.quant<si8, 0.25>>
  %conv_real = cnn.conv @conv %x_real <3x3, pads [1, 1, 1, 1]> groups 2 weights #cnn.seeded<0, tensor<4x1x3x3xsi4>> scale dense<[0.5, 0.25, 0.125, 1.0]> : tensor<4xf32> zero_point -1 bias #cnn.seeded<1, tensor<4xsi32>> : tensor<2x4x4xf32> -> tensor<4x4x4xf32>
  %conv = cnn.quantize %conv_real : tensor<4x4x4xf32> -> tensor<4x4x4x!cnn.quant<si8, 0.25>>
  %conv_again = cnn.dequantize %conv : tensor<4x4x4x!cnn.quant<si8, 0.25>> -> tensor<4x4x4xf32>

  // CHECK-NEXT: %local_real = cnn.local @local %conv_real <1x1> region <4x2> weights #cnn.seeded<2, tensor<2x3x4x1x1xui8>> scale 0.5 zero_point 128 : tensor<4x4x4x!cnn.quant<si8, 0.25>> -> tensor<3x4x4xui8>
  %local_real = cnn.local @local %conv_again <1x1> region <4x2> weights #cnn.seeded<2, tensor<2x3x4x1x1xui8>> scale 0.5 zero_point 128 : tensor<4x4x4xf32> -> tensor<3x4x4xf32>
  %local = cnn.quantize %local_real : tensor<3x4x4xf32> -> tensor<3x4x4xui8>
  %local_again = cnn.dequantize %local : tensor<3x4x4xui8> -> tensor<3x4x4xf32>

  // CHECK-NEXT: %flat = cnn.flatten %local_real : tensor<3x4x4xui8> -> tensor<48xui8>
  %flat = cnn.flatten %local_again : tensor<3x4x4xf32> -> tensor<48xf32>
  // CHECK-NEXT: %dense_real = cnn.dense @dense %flat weights #cnn.seeded<3, tensor<2x48xsi8>> scale 0.5 : tensor<48xui8> -> tensor<2x!cnn.quant<si8, 0.125>>
  %dense_real = cnn.dense @dense %flat weights #cnn.seeded<3, tensor<2x48xsi8>> scale 0.5 : tensor<48xf32> -> tensor<2xf32>
  %dense = cnn.quantize %dense_real : tensor<2xf32> -> tensor<2x!cnn.quant<si8, 0.125>>
  // CHECK-NEXT: cnn.output %dense_real : tensor<2x!cnn.quant<si8, 0.125>>
  cnn.output %dense : tensor<2x!cnn.quant<si8, 0.125>>
}
