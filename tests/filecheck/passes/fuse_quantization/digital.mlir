// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// Digital operators with another result than operand quantisation, or with several operands.

// CHECK: cnn.network @digital(%x: tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>, %y: tensor<2x1x1x!cnn.quant<si8, 0.25>>, %real: tensor<2x4x1xf32>) {
cnn.network @digital(%x: tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>, %y: tensor<2x1x1x!cnn.quant<si8, 0.25>>, %real: tensor<2x4x1xf32>) {
  %xr = cnn.dequantize %x : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xf32>
  %yr = cnn.dequantize %y : tensor<2x1x1x!cnn.quant<si8, 0.25>> -> tensor<2x1x1xf32>

  // CHECK-NEXT: %sum_real = cnn.add @sum %x, %y, %x : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>, tensor<2x1x1x!cnn.quant<si8, 0.25>>, tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xsi8>
  %sum_real = cnn.add @sum %xr, %yr, %xr : tensor<2x4x4xf32>, tensor<2x1x1xf32>, tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %sum = cnn.quantize %sum_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: %product_real = cnn.mul @product %x, %y : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>, tensor<2x1x1x!cnn.quant<si8, 0.25>> -> tensor<2x4x4xsi8>
  %product_real = cnn.mul @product %xr, %yr : tensor<2x4x4xf32>, tensor<2x1x1xf32> -> tensor<2x4x4xf32>
  %product = cnn.quantize %product_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: %leaky_real = cnn.leaky_relu @leaky %x slope 0.125 : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xsi8>
  %leaky_real = cnn.leaky_relu @leaky %xr slope 0.125 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %leaky = cnn.quantize %leaky_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: %sigmoid_real = cnn.sigmoid @sigmoid %x : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>
  %sigmoid_real = cnn.sigmoid @sigmoid %xr : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %sigmoid = cnn.quantize %sigmoid_real : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>

  // CHECK-NEXT: %affine_real = cnn.affine @affine %x scale dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> shift dense<5.000000e-01> : tensor<2xf32> : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xsi8>
  %affine_real = cnn.affine @affine %xr scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %affine = cnn.quantize %affine_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: %lrn_real = cnn.lrn @lrn %x size 2 alpha 0.5 beta 0.75 bias 1.0 : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4xsi8>
  %lrn_real = cnn.lrn @lrn %xr size 2 alpha 0.5 beta 0.75 bias 1.0 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %lrn = cnn.quantize %lrn_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: %mean_real = cnn.average_pool @mean %x <2x2, pads [1, 0, 0, 0]> count_include_pad : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x3xsi8>
  %mean_real = cnn.average_pool @mean %xr <2x2, pads [1, 0, 0, 0]> count_include_pad : tensor<2x4x4xf32> -> tensor<2x4x3xf32>
  %mean = cnn.quantize %mean_real : tensor<2x4x3xf32> -> tensor<2x4x3xsi8>

  // CHECK-NEXT: %whole_real = cnn.global_average_pool @whole %x <4x4> : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x1x1xsi8>
  %whole_real = cnn.global_average_pool @whole %xr <4x4> : tensor<2x4x4xf32> -> tensor<2x1x1xf32>
  %whole = cnn.quantize %whole_real : tensor<2x1x1xf32> -> tensor<2x1x1xsi8>

  // CHECK-NEXT: %softmax_real = cnn.softmax @softmax %x axis 1 : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>> -> tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>
  %softmax_real = cnn.softmax @softmax %xr axis 1 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %softmax = cnn.quantize %softmax_real : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>

  // One operand is float32.

  // CHECK-NEXT: %mixed_real = cnn.add @mixed %x, %real : tensor<2x4x4x!cnn.quant<ui8, 0.5, 3>>, tensor<2x4x1xf32> -> tensor<2x4x4xsi8>
  %mixed_real = cnn.add @mixed %xr, %real : tensor<2x4x4xf32>, tensor<2x4x1xf32> -> tensor<2x4x4xf32>
  %mixed = cnn.quantize %mixed_real : tensor<2x4x4xf32> -> tensor<2x4x4xsi8>

  // CHECK-NEXT: cnn.output %sum_real, %product_real, %leaky_real, %sigmoid_real, %affine_real, %lrn_real, %mean_real, %whole_real, %softmax_real, %mixed_real : tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>, tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x3xsi8>, tensor<2x1x1xsi8>, tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>, tensor<2x4x4xsi8>
  cnn.output %sum, %product, %leaky, %sigmoid, %affine, %lrn, %mean, %whole, %softmax, %mixed : tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>, tensor<2x4x4xsi8>, tensor<2x4x4xsi8>, tensor<2x4x3xsi8>, tensor<2x1x1xsi8>, tensor<2x4x4x!cnn.quant<ui8, 0.00390625>>, tensor<2x4x4xsi8>
}
