// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// Layers of which the weights, the operand or the result stays float32.

// CHECK: cnn.network @rest(%x: tensor<4xui8>, %real: tensor<4xf32>) {
cnn.network @rest(%x: tensor<4xui8>, %real: tensor<4xf32>) {
  // CHECK-NEXT: %x_real = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>
  %x_real = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>

  // Its weights are float32.

  // CHECK-NEXT: %weights_real = cnn.dense @weights %x_real weights dense<5.000000e-01> : tensor<2x4xf32> : tensor<4xf32> -> tensor<2xf32>
  %weights_real = cnn.dense @weights %x_real weights dense<0.5> : tensor<2x4xf32> : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %weights = cnn.quantize %weights_real : tensor<2xf32> -> tensor<2xsi8>
  %weights = cnn.quantize %weights_real : tensor<2xf32> -> tensor<2xsi8>

  // Its operand is float32.

  // CHECK-NEXT: %operand_real = cnn.dense @operand %real weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  %operand_real = cnn.dense @operand %real weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %operand = cnn.quantize %operand_real : tensor<2xf32> -> tensor<2xsi8>
  %operand = cnn.quantize %operand_real : tensor<2xf32> -> tensor<2xsi8>

  // Its result is also read as float32.

  // CHECK-NEXT: %result_real = cnn.dense @result %x weights #cnn.seeded<1, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xf32>
  %result_real = cnn.dense @result %x_real weights #cnn.seeded<1, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %result = cnn.requantize @result1 %result_real : tensor<2xf32> -> tensor<2xsi8>
  %result = cnn.quantize %result_real : tensor<2xf32> -> tensor<2xsi8>

  // Its result is quantised in two ways.

  // CHECK-NEXT: %ways_real = cnn.dense @ways %x weights #cnn.seeded<2, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xf32>
  %ways_real = cnn.dense @ways %x_real weights #cnn.seeded<2, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %ways = cnn.requantize @ways1 %ways_real : tensor<2xf32> -> tensor<2xsi8>
  %ways = cnn.quantize %ways_real : tensor<2xf32> -> tensor<2xsi8>
  // CHECK-NEXT: %others = cnn.requantize @others %ways_real : tensor<2xf32> -> tensor<2x!cnn.quant<si8, 0.5>>
  %others = cnn.quantize %ways_real : tensor<2xf32> -> tensor<2x!cnn.quant<si8, 0.5>>

  // Its result is not quantised.

  // CHECK-NEXT: %host = cnn.dense @host %x weights #cnn.seeded<3, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xf32>
  %host = cnn.dense @host %x_real weights #cnn.seeded<3, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>

  // An si32 result of the integer layer would be its accumulator.

  // CHECK-NEXT: %wide_real = cnn.dense @wide %x weights #cnn.seeded<4, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xf32>
  %wide_real = cnn.dense @wide %x_real weights #cnn.seeded<4, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %wide = cnn.requantize @wide1 %wide_real : tensor<2xf32> -> tensor<2xsi32>
  %wide = cnn.quantize %wide_real : tensor<2xf32> -> tensor<2xsi32>

  // CHECK-NEXT: cnn.output %weights, %operand, %result, %result_real, %ways, %others, %host, %wide : tensor<2xsi8>, tensor<2xsi8>, tensor<2xsi8>, tensor<2xf32>, tensor<2xsi8>, tensor<2x!cnn.quant<si8, 0.5>>, tensor<2xf32>, tensor<2xsi32>
  cnn.output %weights, %operand, %result, %result_real, %ways, %others, %host, %wide : tensor<2xsi8>, tensor<2xsi8>, tensor<2xsi8>, tensor<2xf32>, tensor<2xsi8>, tensor<2x!cnn.quant<si8, 0.5>>, tensor<2xf32>, tensor<2xsi32>
}
