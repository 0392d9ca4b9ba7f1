// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic | filecheck %s --match-full-lines --check-prefix=GENERIC

// CHECK: cnn.network @every_op(%image: tensor<2x6x6xf32>, %more: tensor<2xsi8>) {
// GENERIC: "cnn.network"() <{sym_name = "every_op"}> ({
// GENERIC-NEXT: ^bb0(%image: tensor<2x6x6xf32>, %more: tensor<2xsi8>):
cnn.network @every_op(%image: tensor<2x6x6xf32>, %more: tensor<2xsi8>) {
  // CHECK-NEXT: %codes = cnn.quantize %image : tensor<2x6x6xf32> -> tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>>
  // GENERIC-NEXT: %codes = "cnn.quantize"(%image) : (tensor<2x6x6xf32>) -> tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>>
  %codes = cnn.quantize %image : tensor<2x6x6xf32> -> tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>>

  // CHECK-NEXT: %conv = cnn.conv @conv %codes <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 : tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>> -> tensor<4x4x4xui8>
  // GENERIC-NEXT: %conv = "cnn.conv"(%codes) <{sym_name = "conv", window = #cnn.window<3x3>, weights = #cnn.seeded<0, tensor<4x2x3x3xsi2>>, weight_scale = 5.000000e-01 : f32, groups = 1 : i64, weight_zero_point = 0 : i64}> : (tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>>) -> tensor<4x4x4xui8>
  %conv = cnn.conv @conv %codes <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.5 : tensor<2x6x6x!cnn.quant<ui8, 0.05, 128>> -> tensor<4x4x4xui8>

  // CHECK-NEXT: %relu = cnn.relu @relu %conv : tensor<4x4x4xui8> -> tensor<4x4x4xui8>
  // GENERIC-NEXT: %relu = "cnn.relu"(%conv) <{sym_name = "relu"}> : (tensor<4x4x4xui8>) -> tensor<4x4x4xui8>
  %relu = cnn.relu @relu %conv : tensor<4x4x4xui8> -> tensor<4x4x4xui8>

  // CHECK-NEXT: %local = cnn.local @local %relu <1x1> region <2x2> weights #cnn.seeded<1, tensor<4x3x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<3x4x4xui8>
  // GENERIC-NEXT: %local = "cnn.local"(%relu) <{sym_name = "local", window = #cnn.window<1x1>, region = #cnn.window<2x2>, weights = #cnn.seeded<1, tensor<4x3x4x1x1xsi2>>, weight_scale = 5.000000e-01 : f32, weight_zero_point = 0 : i64}> : (tensor<4x4x4xui8>) -> tensor<3x4x4xui8>
  %local = cnn.local @local %relu <1x1> region <2x2> weights #cnn.seeded<1, tensor<4x3x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<3x4x4xui8>

  // CHECK-NEXT: %max = cnn.max_pool @max %local <2x2, strides 2x2> : tensor<3x4x4xui8> -> tensor<3x2x2xui8>
  // GENERIC-NEXT: %max = "cnn.max_pool"(%local) <{sym_name = "max", window = #cnn.window<2x2, strides 2x2>}> : (tensor<3x4x4xui8>) -> tensor<3x2x2xui8>
  %max = cnn.max_pool @max %local <2x2, strides 2x2> : tensor<3x4x4xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %mean = cnn.average_pool @mean %max <2x2> : tensor<3x2x2xui8> -> tensor<3x1x1xsi8>
  // GENERIC-NEXT: %mean = "cnn.average_pool"(%max) <{sym_name = "mean", window = #cnn.window<2x2>}> : (tensor<3x2x2xui8>) -> tensor<3x1x1xsi8>
  %mean = cnn.average_pool @mean %max <2x2> : tensor<3x2x2xui8> -> tensor<3x1x1xsi8>

  // CHECK-NEXT: %whole = cnn.global_average_pool @whole %max <2x2> : tensor<3x2x2xui8> -> tensor<3x1x1xsi8>
  // GENERIC-NEXT: %whole = "cnn.global_average_pool"(%max) <{sym_name = "whole", window = #cnn.window<2x2>}> : (tensor<3x2x2xui8>) -> tensor<3x1x1xsi8>
  %whole = cnn.global_average_pool @whole %max <2x2> : tensor<3x2x2xui8> -> tensor<3x1x1xsi8>

  // CHECK-NEXT: %padded = cnn.average_pool @padded %mean <2x2, pads [1, 1, 0, 0]> count_include_pad : tensor<3x1x1xsi8> -> tensor<3x1x1xsi8>
  // GENERIC-NEXT: %padded = "cnn.average_pool"(%mean) <{sym_name = "padded", window = #cnn.window<2x2, pads [1, 1, 0, 0]>, count_include_pad}> : (tensor<3x1x1xsi8>) -> tensor<3x1x1xsi8>
  %padded = cnn.average_pool @padded %mean <2x2, pads [1, 1, 0, 0]> count_include_pad : tensor<3x1x1xsi8> -> tensor<3x1x1xsi8>

  // CHECK-NEXT: %flat = cnn.flatten %padded : tensor<3x1x1xsi8> -> tensor<3xsi8>
  // GENERIC-NEXT: %flat = "cnn.flatten"(%padded) : (tensor<3x1x1xsi8>) -> tensor<3xsi8>
  %flat = cnn.flatten %padded : tensor<3x1x1xsi8> -> tensor<3xsi8>

  // CHECK-NEXT: %joined = cnn.concat %flat, %more : tensor<3xsi8>, tensor<2xsi8> -> tensor<5xsi8>
  // GENERIC-NEXT: %joined = "cnn.concat"(%flat, %more) : (tensor<3xsi8>, tensor<2xsi8>) -> tensor<5xsi8>
  %joined = cnn.concat %flat, %more : tensor<3xsi8>, tensor<2xsi8> -> tensor<5xsi8>

  // CHECK-NEXT: %dense = cnn.dense @dense %joined weights #cnn.seeded<2, tensor<2x5xsi8>> scale 0.5 : tensor<5xsi8> -> tensor<2xsi32>
  // GENERIC-NEXT: %dense = "cnn.dense"(%joined) <{sym_name = "dense", weights = #cnn.seeded<2, tensor<2x5xsi8>>, weight_scale = 5.000000e-01 : f32, weight_zero_point = 0 : i64}> : (tensor<5xsi8>) -> tensor<2xsi32>
  %dense = cnn.dense @dense %joined weights #cnn.seeded<2, tensor<2x5xsi8>> scale 0.5 : tensor<5xsi8> -> tensor<2xsi32>

  // CHECK-NEXT: %real = cnn.dequantize %dense : tensor<2xsi32> -> tensor<2xf32>
  // GENERIC-NEXT: %real = "cnn.dequantize"(%dense) : (tensor<2xsi32>) -> tensor<2xf32>
  %real = cnn.dequantize %dense : tensor<2xsi32> -> tensor<2xf32>

  // CHECK-NEXT: %probabilities = cnn.softmax %real : tensor<2xf32> -> tensor<2xf32>
  // GENERIC-NEXT: %probabilities = "cnn.softmax"(%real) : (tensor<2xf32>) -> tensor<2xf32>
  %probabilities = cnn.softmax %real : tensor<2xf32> -> tensor<2xf32>

  // CHECK-NEXT: cnn.output %probabilities, %dense : tensor<2xf32>, tensor<2xsi32>
  // GENERIC-NEXT: "cnn.output"(%probabilities, %dense) : (tensor<2xf32>, tensor<2xsi32>) -> ()
  cnn.output %probabilities, %dense : tensor<2xf32>, tensor<2xsi32>
}
