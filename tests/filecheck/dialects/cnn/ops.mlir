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

  // CHECK-NEXT: %six = cnn.clip @six %max from 0.0 to 6.0 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  // GENERIC-NEXT: %six = "cnn.clip"(%max) <{sym_name = "six", lowest = 0.000000e+00 : f32, highest = 6.000000e+00 : f32}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xui8>
  %six = cnn.clip @six %max from 0 to 6 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %at_least = cnn.clip @at_least %six from -1.5 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  // GENERIC-NEXT: %at_least = "cnn.clip"(%six) <{sym_name = "at_least", lowest = -1.500000e+00 : f32}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xui8>
  %at_least = cnn.clip @at_least %six from -1.5 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %at_most = cnn.clip @at_most %at_least to 1.0e+30 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  // GENERIC-NEXT: %at_most = "cnn.clip"(%at_least) <{sym_name = "at_most", highest = 1.000000e+30 : f32}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xui8>
  %at_most = cnn.clip @at_most %at_least to 1.0e30 : tensor<3x2x2xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %unbounded = cnn.clip @unbounded %at_most : tensor<3x2x2xui8> -> tensor<3x2x2xui8>
  // GENERIC-NEXT: %unbounded = "cnn.clip"(%at_most) <{sym_name = "unbounded"}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xui8>
  %unbounded = cnn.clip @unbounded %at_most : tensor<3x2x2xui8> -> tensor<3x2x2xui8>

  // CHECK-NEXT: %leaky = cnn.leaky_relu @leaky %unbounded slope 0.01 : tensor<3x2x2xui8> -> tensor<3x2x2xsi8>
  // GENERIC-NEXT: %leaky = "cnn.leaky_relu"(%unbounded) <{sym_name = "leaky", slope = 1.000000e-02 : f32}> : (tensor<3x2x2xui8>) -> tensor<3x2x2xsi8>
  %leaky = cnn.leaky_relu @leaky %unbounded slope 0.01 : tensor<3x2x2xui8> -> tensor<3x2x2xsi8>

  // CHECK-NEXT: %sigmoid = cnn.sigmoid @sigmoid %leaky : tensor<3x2x2xsi8> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  // GENERIC-NEXT: %sigmoid = "cnn.sigmoid"(%leaky) <{sym_name = "sigmoid"}> : (tensor<3x2x2xsi8>) -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  %sigmoid = cnn.sigmoid @sigmoid %leaky : tensor<3x2x2xsi8> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>

  // CHECK-NEXT: %identity = cnn.identity @identity %sigmoid : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  // GENERIC-NEXT: %identity = "cnn.identity"(%sigmoid) <{sym_name = "identity"}> : (tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>) -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  %identity = cnn.identity @identity %sigmoid : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>

  // CHECK-NEXT: %affine = cnn.affine @affine %identity scale dense<[1.000000e+00, 5.000000e-01, -2.000000e+00]> : tensor<3xf32> shift #cnn.file<"net.npz", "shift", "0123456789abcdef", tensor<3xf32>> : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2xsi8>
  // GENERIC-NEXT: %affine = "cnn.affine"(%identity) <{sym_name = "affine", scale = dense<[1.000000e+00, 5.000000e-01, -2.000000e+00]> : tensor<3xf32>, shift = #cnn.file<"net.npz", "shift", "0123456789abcdef", tensor<3xf32>>}> : (tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>) -> tensor<3x2x2xsi8>
  %affine = cnn.affine @affine %identity scale dense<[1.0, 0.5, -2.0]> : tensor<3xf32> shift #cnn.file<"net.npz", "shift", "0123456789abcdef", tensor<3xf32>> : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2xsi8>

  // CHECK-NEXT: %sum = cnn.add @sum %max, %affine, %whole : tensor<3x2x2xui8>, tensor<3x2x2xsi8>, tensor<3x1x1xsi8> -> tensor<3x2x2xsi8>
  // GENERIC-NEXT: %sum = "cnn.add"(%max, %affine, %whole) <{sym_name = "sum"}> : (tensor<3x2x2xui8>, tensor<3x2x2xsi8>, tensor<3x1x1xsi8>) -> tensor<3x2x2xsi8>
  %sum = cnn.add @sum %max, %affine, %whole : tensor<3x2x2xui8>, tensor<3x2x2xsi8>, tensor<3x1x1xsi8> -> tensor<3x2x2xsi8>

  // CHECK-NEXT: %product = cnn.mul @product %sum, %whole : tensor<3x2x2xsi8>, tensor<3x1x1xsi8> -> tensor<3x2x2x!cnn.quant<si8, 0.5>>
  // GENERIC-NEXT: %product = "cnn.mul"(%sum, %whole) <{sym_name = "product"}> : (tensor<3x2x2xsi8>, tensor<3x1x1xsi8>) -> tensor<3x2x2x!cnn.quant<si8, 0.5>>
  %product = cnn.mul @product %sum, %whole : tensor<3x2x2xsi8>, tensor<3x1x1xsi8> -> tensor<3x2x2x!cnn.quant<si8, 0.5>>

  // CHECK-NEXT: %lrn = cnn.lrn @lrn %product size 5 alpha 0.0001 beta 0.75 bias 1.0 : tensor<3x2x2x!cnn.quant<si8, 0.5>> -> tensor<3x2x2xsi8>
  // GENERIC-NEXT: %lrn = "cnn.lrn"(%product) <{sym_name = "lrn", size = 5 : i64, alpha = 1.000000e-04 : f32, beta = 7.500000e-01 : f32, bias = 1.000000e+00 : f32}> : (tensor<3x2x2x!cnn.quant<si8, 0.5>>) -> tensor<3x2x2xsi8>
  %lrn = cnn.lrn @lrn %product size 5 alpha 0.0001 beta 0.75 bias 1 : tensor<3x2x2x!cnn.quant<si8, 0.5>> -> tensor<3x2x2xsi8>

  // CHECK-NEXT: %shares = cnn.softmax @shares %lrn axis 2 : tensor<3x2x2xsi8> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  // GENERIC-NEXT: %shares = "cnn.softmax"(%lrn) <{sym_name = "shares", axis = 2 : i64}> : (tensor<3x2x2xsi8>) -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>
  %shares = cnn.softmax @shares %lrn axis 2 : tensor<3x2x2xsi8> -> tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>

  // CHECK-NEXT: %wider = cnn.requantize @wider %shares : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2xsi16>
  // GENERIC-NEXT: %wider = "cnn.requantize"(%shares) <{sym_name = "wider"}> : (tensor<3x2x2x!cnn.quant<ui8, 0.00390625>>) -> tensor<3x2x2xsi16>
  %wider = cnn.requantize @wider %shares : tensor<3x2x2x!cnn.quant<ui8, 0.00390625>> -> tensor<3x2x2xsi16>

  // CHECK-NEXT: %turned = cnn.transpose %wider [1, 2, 0] : tensor<3x2x2xsi16> -> tensor<2x2x3xsi16>
  // GENERIC-NEXT: %turned = "cnn.transpose"(%wider) <{permutation = array<i64: 1, 2, 0>}> : (tensor<3x2x2xsi16>) -> tensor<2x2x3xsi16>
  %turned = cnn.transpose %wider [1, 2, 0] : tensor<3x2x2xsi16> -> tensor<2x2x3xsi16>

  // CHECK-NEXT: %framed = cnn.pad @framed %turned before [0, 1, 0] after [1, 0, 2] value -3.5 : tensor<2x2x3xsi16> -> tensor<3x3x5xsi16>
  // GENERIC-NEXT: %framed = "cnn.pad"(%turned) <{sym_name = "framed", before = array<i64: 0, 1, 0>, after = array<i64: 1, 0, 2>, value = -3.500000e+00 : f32}> : (tensor<2x2x3xsi16>) -> tensor<3x3x5xsi16>
  %framed = cnn.pad @framed %turned before [0, 1, 0] after [1, 0, 2] value -3.5 : tensor<2x2x3xsi16> -> tensor<3x3x5xsi16>

  // CHECK-NEXT: %flat = cnn.flatten %padded : tensor<3x1x1xsi8> -> tensor<3xsi8>
  // GENERIC-NEXT: %flat = "cnn.flatten"(%padded) : (tensor<3x1x1xsi8>) -> tensor<3xsi8>
  %flat = cnn.flatten %padded : tensor<3x1x1xsi8> -> tensor<3xsi8>

  // CHECK-NEXT: %joined = cnn.concat %flat, %more : tensor<3xsi8>, tensor<2xsi8> -> tensor<5xsi8>
  // GENERIC-NEXT: %joined = "cnn.concat"(%flat, %more) : (tensor<3xsi8>, tensor<2xsi8>) -> tensor<5xsi8>
  %joined = cnn.concat %flat, %more : tensor<3xsi8>, tensor<2xsi8> -> tensor<5xsi8>

  // CHECK-NEXT: %fixed = cnn.dense @fixed %joined weights #cnn.seeded<2, tensor<5x5xsi8>> scale 0.5 requantize "fixed-point" : tensor<5xsi8> -> tensor<5xsi8>
  // GENERIC-NEXT: %fixed = "cnn.dense"(%joined) <{sym_name = "fixed", weights = #cnn.seeded<2, tensor<5x5xsi8>>, weight_scale = 5.000000e-01 : f32, requantize = "fixed-point", weight_zero_point = 0 : i64}> : (tensor<5xsi8>) -> tensor<5xsi8>
  %fixed = cnn.dense @fixed %joined weights #cnn.seeded<2, tensor<5x5xsi8>> scale 0.5 requantize "fixed-point" : tensor<5xsi8> -> tensor<5xsi8>

  // CHECK-NEXT: %dense = cnn.dense @dense %fixed weights #cnn.seeded<2, tensor<2x5xsi8>> scale 0.5 requantize "f32-half-even" : tensor<5xsi8> -> tensor<2xsi32>
  // GENERIC-NEXT: %dense = "cnn.dense"(%fixed) <{sym_name = "dense", weights = #cnn.seeded<2, tensor<2x5xsi8>>, weight_scale = 5.000000e-01 : f32, requantize = "f32-half-even", weight_zero_point = 0 : i64}> : (tensor<5xsi8>) -> tensor<2xsi32>
  %dense = cnn.dense @dense %fixed weights #cnn.seeded<2, tensor<2x5xsi8>> scale 0.5 requantize "f32-half-even" : tensor<5xsi8> -> tensor<2xsi32>

  // CHECK-NEXT: %real = cnn.dequantize %dense : tensor<2xsi32> -> tensor<2xf32>
  // GENERIC-NEXT: %real = "cnn.dequantize"(%dense) : (tensor<2xsi32>) -> tensor<2xf32>
  %real = cnn.dequantize %dense : tensor<2xsi32> -> tensor<2xf32>

  // CHECK-NEXT: %probabilities = cnn.softmax @probabilities %real : tensor<2xf32> -> tensor<2xf32>
  // GENERIC-NEXT: %probabilities = "cnn.softmax"(%real) <{sym_name = "probabilities", axis = 0 : i64}> : (tensor<2xf32>) -> tensor<2xf32>
  %probabilities = cnn.softmax @probabilities %real : tensor<2xf32> -> tensor<2xf32>

  // CHECK-NEXT: cnn.output %probabilities, %dense, %framed : tensor<2xf32>, tensor<2xsi32>, tensor<3x3x5xsi16>
  // GENERIC-NEXT: "cnn.output"(%probabilities, %dense, %framed) : (tensor<2xf32>, tensor<2xsi32>, tensor<3x3x5xsi16>) -> ()
  cnn.output %probabilities, %dense, %framed : tensor<2xf32>, tensor<2xsi32>, tensor<3x3x5xsi16>
}
