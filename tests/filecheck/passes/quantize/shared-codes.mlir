// RUN: spatem-opt %s --pass-pipeline='quantize' | filecheck %s --match-full-lines

// Tensors that operators join or pass on unchanged share a code, whose range holds all that is read.

// CHECK: cnn.network @shared(%x: tensor<2x4x4xf32>, %y: tensor<2x4x4xf32>) {
cnn.network @shared(%x: tensor<2x4x4xf32>, %y: tensor<2x4x4xf32>) attributes {input_ranges = [#cnn.range<0.0, 255.0>, #cnn.range<-31.75, 1.0>]} {
  // @a is read before its ReLU, too: its code is signed, and the ReLU stays.

  // CHECK-NEXT: %y_codes = cnn.quantize %y : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<ui8, 0.25>>
  // CHECK-NEXT: %x_codes = cnn.quantize %x : tensor<2x4x4xf32> -> tensor<2x4x4xui8>
  // CHECK-NEXT: %a = cnn.leaky_relu @a %x_codes slope 0.5 : tensor<2x4x4xui8> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  %a = cnn.leaky_relu @a %x slope 0.5 {range = #cnn.range<-63.5, 20.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %a : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  %relu = cnn.relu @relu %a {range = #cnn.range<0.0, 20.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %both = cnn.mul @both %a, %relu : tensor<2x4x4x!cnn.quant<si8, 0.5>>, tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4xui8>
  %both = cnn.mul @both %a, %relu {range = #cnn.range<0.0, 255.0>} : tensor<2x4x4xf32>, tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // @b and @c are joined: the greater range is that of both, and of the clip before one of them.

  // CHECK-NEXT: %b = cnn.sigmoid @b %both : tensor<2x4x4xui8> -> tensor<2x4x4x!cnn.quant<ui8, 0.25>>
  %b = cnn.sigmoid @b %both {range = #cnn.range<0.0, 100.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %clip = cnn.clip @clip %b from 0.0 to 1.0e+01 : tensor<2x4x4x!cnn.quant<ui8, 0.25>> -> tensor<2x4x4x!cnn.quant<ui8, 0.25>>
  %clip = cnn.clip @clip %b from 0.0 to 10.0 {range = #cnn.range<0.0, 10.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %c = cnn.sigmoid @c %both : tensor<2x4x4xui8> -> tensor<2x4x4x!cnn.quant<ui8, 0.25>>
  %c = cnn.sigmoid @c %both {range = #cnn.range<0.0, 5.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %joined = cnn.concat %clip, %c : tensor<2x4x4x!cnn.quant<ui8, 0.25>>, tensor<2x4x4x!cnn.quant<ui8, 0.25>> -> tensor<4x4x4x!cnn.quant<ui8, 0.25>>
  %joined = cnn.concat %clip, %c {range = #cnn.range<0.0, 63.75>} : tensor<2x4x4xf32>, tensor<2x4x4xf32> -> tensor<4x4x4xf32>

  // An input passes on its code, which thus is that of the pooling.

  // CHECK-NEXT: %joined_1 = cnn.dequantize %joined : tensor<4x4x4x!cnn.quant<ui8, 0.25>> -> tensor<4x4x4xf32>
  // CHECK-NEXT: %pool = cnn.max_pool @pool %y_codes <2x2> : tensor<2x4x4x!cnn.quant<ui8, 0.25>> -> tensor<2x3x3x!cnn.quant<ui8, 0.25>>
  %pool = cnn.max_pool @pool %y <2x2> {range = #cnn.range<0.0, 63.75>} : tensor<2x4x4xf32> -> tensor<2x3x3xf32>
  // CHECK-NEXT: %pool_1 = cnn.dequantize %pool : tensor<2x3x3x!cnn.quant<ui8, 0.25>> -> tensor<2x3x3xf32>
  // CHECK-NEXT: cnn.output %joined_1, %pool_1 : tensor<4x4x4xf32>, tensor<2x3x3xf32>
  cnn.output %joined, %pool : tensor<4x4x4xf32>, tensor<2x3x3xf32>
}
