// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines
// RUN: %generic | filecheck %s --match-full-lines --check-prefix=GENERIC

// CHECK: cnn.network @every_op(%image: tensor<2x6x6xf32>, %more: tensor<2xf32>) {
// GENERIC: "cnn.network"() <{sym_name = "every_op"}> ({
// GENERIC-NEXT: ^bb0(%image: tensor<2x6x6xf32>, %more: tensor<2xf32>):
cnn.network @every_op(%image: tensor<2x6x6xf32>, %more: tensor<2xf32>) {
  // Weights are float32, or codes with a scale.

  // CHECK-NEXT: %conv = cnn.conv @conv %image <3x3, pads [1, 1, 1, 1]> groups 2 weights #cnn.file<"net.onnx", "conv.weight", "0123456789abcdef", tensor<4x1x3x3xf32>> bias dense<[5.000000e-01, 2.500000e-01, -1.000000e+00, 0.000000e+00]> : tensor<4xf32> : tensor<2x6x6xf32> -> tensor<4x6x6xf32>
  // GENERIC-NEXT: %conv = "cnn.conv"(%image) <{sym_name = "conv", window = #cnn.window<3x3, pads [1, 1, 1, 1]>, groups = 2 : i64, weights = #cnn.file<"net.onnx", "conv.weight", "0123456789abcdef", tensor<4x1x3x3xf32>>, bias = dense<[5.000000e-01, 2.500000e-01, -1.000000e+00, 0.000000e+00]> : tensor<4xf32>, weight_zero_point = 0 : i64}> : (tensor<2x6x6xf32>) -> tensor<4x6x6xf32>
  %conv = cnn.conv @conv %image <3x3, pads [1, 1, 1, 1]> groups 2 weights #cnn.file<"net.onnx", "conv.weight", "0123456789abcdef", tensor<4x1x3x3xf32>> bias dense<[0.5, 0.25, -1.0, 0.0]> : tensor<4xf32> : tensor<2x6x6xf32> -> tensor<4x6x6xf32>

  // CHECK-NEXT: %local = cnn.local @local %conv <1x1> region <3x6> weights dense<1.250000e-01> : tensor<2x3x4x1x1xf32> : tensor<4x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %local = "cnn.local"(%conv) <{sym_name = "local", window = #cnn.window<1x1>, region = #cnn.window<3x6>, weights = dense<1.250000e-01> : tensor<2x3x4x1x1xf32>, weight_zero_point = 0 : i64}> : (tensor<4x6x6xf32>) -> tensor<3x6x6xf32>
  %local = cnn.local @local %conv <1x1> region <3x6> weights dense<0.125> : tensor<2x3x4x1x1xf32> : tensor<4x6x6xf32> -> tensor<3x6x6xf32>

  // CHECK-NEXT: %codes = cnn.conv @codes %local <1x1> weights #cnn.seeded<0, tensor<3x3x1x1xsi4>> scale dense<[5.000000e-01, 2.500000e-01, 1.250000e-01]> : tensor<3xf32> zero_point -1 bias dense<5.000000e-01> : tensor<3xf32> : tensor<3x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %codes = "cnn.conv"(%local) <{sym_name = "codes", window = #cnn.window<1x1>, weights = #cnn.seeded<0, tensor<3x3x1x1xsi4>>, weight_scale = dense<[5.000000e-01, 2.500000e-01, 1.250000e-01]> : tensor<3xf32>, weight_zero_point = -1 : i64, bias = dense<5.000000e-01> : tensor<3xf32>, groups = 1 : i64}> : (tensor<3x6x6xf32>) -> tensor<3x6x6xf32>
  %codes = cnn.conv @codes %local <1x1> weights #cnn.seeded<0, tensor<3x3x1x1xsi4>> scale dense<[0.5, 0.25, 0.125]> : tensor<3xf32> zero_point -1 bias dense<0.5> : tensor<3xf32> : tensor<3x6x6xf32> -> tensor<3x6x6xf32>

  // A bias of codes counts in units of the scales of weights and dequantised input.

  // CHECK-NEXT: %quantized = cnn.quantize %codes : tensor<3x6x6xf32> -> tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>>
  // GENERIC-NEXT: %quantized = "cnn.quantize"(%codes) : (tensor<3x6x6xf32>) -> tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>>
  %quantized = cnn.quantize %codes : tensor<3x6x6xf32> -> tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>>

  // CHECK-NEXT: %dequantized = cnn.dequantize %quantized : tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %dequantized = "cnn.dequantize"(%quantized) : (tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>>) -> tensor<3x6x6xf32>
  %dequantized = cnn.dequantize %quantized : tensor<3x6x6x!cnn.quant<ui8, 0.05, 128>> -> tensor<3x6x6xf32>

  // CHECK-NEXT: %biased = cnn.conv @biased %dequantized <1x1> weights #cnn.seeded<1, tensor<3x3x1x1xui8>> scale 0.5 zero_point 128 bias #cnn.seeded<2, tensor<3xsi32>> : tensor<3x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %biased = "cnn.conv"(%dequantized) <{sym_name = "biased", window = #cnn.window<1x1>, weights = #cnn.seeded<1, tensor<3x3x1x1xui8>>, weight_scale = 5.000000e-01 : f32, weight_zero_point = 128 : i64, bias = #cnn.seeded<2, tensor<3xsi32>>, groups = 1 : i64}> : (tensor<3x6x6xf32>) -> tensor<3x6x6xf32>
  %biased = cnn.conv @biased %dequantized <1x1> weights #cnn.seeded<1, tensor<3x3x1x1xui8>> scale 0.5 zero_point 128 bias #cnn.seeded<2, tensor<3xsi32>> : tensor<3x6x6xf32> -> tensor<3x6x6xf32>

  // Digital operators.

  // CHECK-NEXT: %norm = cnn.batch_norm @norm %biased scale dense<1.000000e+00> : tensor<3xf32> shift dense<0.000000e+00> : tensor<3xf32> mean dense<[0.000000e+00, 1.000000e+00, 2.000000e+00]> : tensor<3xf32> variance #cnn.file<"net.onnx", "norm.var", "0123456789abcdef", tensor<3xf32>> epsilon 1.0e-05 : tensor<3x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %norm = "cnn.batch_norm"(%biased) <{sym_name = "norm", scale = dense<1.000000e+00> : tensor<3xf32>, shift = dense<0.000000e+00> : tensor<3xf32>, mean = dense<[0.000000e+00, 1.000000e+00, 2.000000e+00]> : tensor<3xf32>, variance = #cnn.file<"net.onnx", "norm.var", "0123456789abcdef", tensor<3xf32>>, epsilon = 1.000000e-05 : f32}> : (tensor<3x6x6xf32>) -> tensor<3x6x6xf32>
  %norm = cnn.batch_norm @norm %biased scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<[0.0, 1.0, 2.0]> : tensor<3xf32> variance #cnn.file<"net.onnx", "norm.var", "0123456789abcdef", tensor<3xf32>> epsilon 0.00001 : tensor<3x6x6xf32> -> tensor<3x6x6xf32>

  // CHECK-NEXT: %relu = cnn.relu @relu %norm : tensor<3x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %relu = "cnn.relu"(%norm) <{sym_name = "relu"}> : (tensor<3x6x6xf32>) -> tensor<3x6x6xf32>
  %relu = cnn.relu @relu %norm : tensor<3x6x6xf32> -> tensor<3x6x6xf32>

  // CHECK-NEXT: %lrn = cnn.lrn @lrn %relu size 2 alpha 0.0 beta 0.75 bias 2.0 : tensor<3x6x6xf32> -> tensor<3x6x6xf32>
  // GENERIC-NEXT: %lrn = "cnn.lrn"(%relu) <{sym_name = "lrn", size = 2 : i64, alpha = 0.000000e+00 : f32, beta = 7.500000e-01 : f32, bias = 2.000000e+00 : f32}> : (tensor<3x6x6xf32>) -> tensor<3x6x6xf32>
  %lrn = cnn.lrn @lrn %relu size 2 alpha 0 beta 0.75 bias 2 : tensor<3x6x6xf32> -> tensor<3x6x6xf32>

  // CHECK-NEXT: %max = cnn.max_pool @max %lrn <2x2, strides 2x2> : tensor<3x6x6xf32> -> tensor<3x3x3xf32>
  // GENERIC-NEXT: %max = "cnn.max_pool"(%lrn) <{sym_name = "max", window = #cnn.window<2x2, strides 2x2>}> : (tensor<3x6x6xf32>) -> tensor<3x3x3xf32>
  %max = cnn.max_pool @max %lrn <2x2, strides 2x2> : tensor<3x6x6xf32> -> tensor<3x3x3xf32>

  // CHECK-NEXT: %mean = cnn.average_pool @mean %max <2x2> : tensor<3x3x3xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %mean = "cnn.average_pool"(%max) <{sym_name = "mean", window = #cnn.window<2x2>}> : (tensor<3x3x3xf32>) -> tensor<3x2x2xf32>
  %mean = cnn.average_pool @mean %max <2x2> : tensor<3x3x3xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %whole = cnn.global_average_pool @whole %mean <2x2> : tensor<3x2x2xf32> -> tensor<3x1x1xf32>
  // GENERIC-NEXT: %whole = "cnn.global_average_pool"(%mean) <{sym_name = "whole", window = #cnn.window<2x2>}> : (tensor<3x2x2xf32>) -> tensor<3x1x1xf32>
  %whole = cnn.global_average_pool @whole %mean <2x2> : tensor<3x2x2xf32> -> tensor<3x1x1xf32>

  // CHECK-NEXT: %leaky = cnn.leaky_relu @leaky %mean slope -0.2 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %leaky = "cnn.leaky_relu"(%mean) <{sym_name = "leaky", slope = -2.000000e-01 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %leaky = cnn.leaky_relu @leaky %mean slope -0.2 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %clip = cnn.clip @clip %leaky from 1.0e-45 to 3.4028235e+38 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %clip = "cnn.clip"(%leaky) <{sym_name = "clip", lowest = 1.401300e-45 : f32, highest = 3.40282347e+38 : f32}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %clip = cnn.clip @clip %leaky from 1.0e-45 to 3.4028235e38 : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %sigmoid = cnn.sigmoid @sigmoid %clip : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %sigmoid = "cnn.sigmoid"(%clip) <{sym_name = "sigmoid"}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %sigmoid = cnn.sigmoid @sigmoid %clip : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %identity = cnn.identity @identity %sigmoid : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %identity = "cnn.identity"(%sigmoid) <{sym_name = "identity"}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %identity = cnn.identity @identity %sigmoid : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %affine = cnn.affine @affine %identity scale dense<[1.000000e+00, 5.000000e-01, -2.000000e+00]> : tensor<3xf32> shift dense<0.000000e+00> : tensor<3xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %affine = "cnn.affine"(%identity) <{sym_name = "affine", scale = dense<[1.000000e+00, 5.000000e-01, -2.000000e+00]> : tensor<3xf32>, shift = dense<0.000000e+00> : tensor<3xf32>}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %affine = cnn.affine @affine %identity scale dense<[1.0, 0.5, -2.0]> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %single = cnn.add @single %affine : tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %single = "cnn.add"(%affine) <{sym_name = "single"}> : (tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %single = cnn.add @single %affine : tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %sum = cnn.add @sum %single, %whole, %mean : tensor<3x2x2xf32>, tensor<3x1x1xf32>, tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %sum = "cnn.add"(%single, %whole, %mean) <{sym_name = "sum"}> : (tensor<3x2x2xf32>, tensor<3x1x1xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %sum = cnn.add @sum %single, %whole, %mean : tensor<3x2x2xf32>, tensor<3x1x1xf32>, tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %product = cnn.mul @product %whole, %sum : tensor<3x1x1xf32>, tensor<3x2x2xf32> -> tensor<3x2x2xf32>
  // GENERIC-NEXT: %product = "cnn.mul"(%whole, %sum) <{sym_name = "product"}> : (tensor<3x1x1xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %product = cnn.mul @product %whole, %sum : tensor<3x1x1xf32>, tensor<3x2x2xf32> -> tensor<3x2x2xf32>

  // CHECK-NEXT: %framed = cnn.pad @framed %product before [0, 0, 0] after [1, 0, 0] value 0.0 : tensor<3x2x2xf32> -> tensor<4x2x2xf32>
  // GENERIC-NEXT: %framed = "cnn.pad"(%product) <{sym_name = "framed", before = array<i64: 0, 0, 0>, after = array<i64: 1, 0, 0>, value = 0.000000e+00 : f32}> : (tensor<3x2x2xf32>) -> tensor<4x2x2xf32>
  %framed = cnn.pad @framed %product before [0, 0, 0] after [1, 0, 0] value 0 : tensor<3x2x2xf32> -> tensor<4x2x2xf32>

  // Views.

  // CHECK-NEXT: %turned = cnn.transpose %framed [2, 0, 1] : tensor<4x2x2xf32> -> tensor<2x4x2xf32>
  // GENERIC-NEXT: %turned = "cnn.transpose"(%framed) <{permutation = array<i64: 2, 0, 1>}> : (tensor<4x2x2xf32>) -> tensor<2x4x2xf32>
  %turned = cnn.transpose %framed [2, 0, 1] : tensor<4x2x2xf32> -> tensor<2x4x2xf32>

  // CHECK-NEXT: %flat = cnn.flatten %turned : tensor<2x4x2xf32> -> tensor<16xf32>
  // GENERIC-NEXT: %flat = "cnn.flatten"(%turned) : (tensor<2x4x2xf32>) -> tensor<16xf32>
  %flat = cnn.flatten %turned : tensor<2x4x2xf32> -> tensor<16xf32>

  // CHECK-NEXT: %joined = cnn.concat %flat, %more : tensor<16xf32>, tensor<2xf32> -> tensor<18xf32>
  // GENERIC-NEXT: %joined = "cnn.concat"(%flat, %more) : (tensor<16xf32>, tensor<2xf32>) -> tensor<18xf32>
  %joined = cnn.concat %flat, %more : tensor<16xf32>, tensor<2xf32> -> tensor<18xf32>

  // CHECK-NEXT: %dense = cnn.dense @dense %joined weights #cnn.file<"net.onnx", "dense.weight^T", "0123456789abcdef", tensor<2x18xf32>> : tensor<18xf32> -> tensor<2xf32>
  // GENERIC-NEXT: %dense = "cnn.dense"(%joined) <{sym_name = "dense", weights = #cnn.file<"net.onnx", "dense.weight^T", "0123456789abcdef", tensor<2x18xf32>>, weight_zero_point = 0 : i64}> : (tensor<18xf32>) -> tensor<2xf32>
  %dense = cnn.dense @dense %joined weights #cnn.file<"net.onnx", "dense.weight^T", "0123456789abcdef", tensor<2x18xf32>> : tensor<18xf32> -> tensor<2xf32>

  // CHECK-NEXT: %probabilities = cnn.softmax @probabilities %dense : tensor<2xf32> -> tensor<2xf32>
  // GENERIC-NEXT: %probabilities = "cnn.softmax"(%dense) <{sym_name = "probabilities", axis = 0 : i64}> : (tensor<2xf32>) -> tensor<2xf32>
  %probabilities = cnn.softmax @probabilities %dense : tensor<2xf32> -> tensor<2xf32>

  // CHECK-NEXT: cnn.output %probabilities : tensor<2xf32>
  // GENERIC-NEXT: "cnn.output"(%probabilities) : (tensor<2xf32>) -> ()
  cnn.output %probabilities : tensor<2xf32>
}
