// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// Quantising what was just dequantised; quantising alike twice.

// CHECK: cnn.network @same(%x: tensor<4x!cnn.quant<ui8, 0.5, 3>>, %real: tensor<4xf32>) {
cnn.network @same(%x: tensor<4x!cnn.quant<ui8, 0.5, 3>>, %real: tensor<4xf32>) {
  %xr = cnn.dequantize %x : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4xf32>

  // The same quantisation is nothing, another one is cnn.requantize, once for two readers.

  %same = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<ui8, 0.5, 3>>

  // CHECK-NEXT: %scaled = cnn.requantize @scaled %x : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<ui8, 0.25, 3>>
  %scaled = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<ui8, 0.25, 3>>
  %alike = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<ui8, 0.25, 3>>
  // CHECK-NEXT: %shifted = cnn.requantize @shifted %x : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<ui8, 0.5, 4>>
  %shifted = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<ui8, 0.5, 4>>
  // CHECK-NEXT: %signed = cnn.requantize @signed %x : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<si8, 0.5, 3>>
  %signed = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<si8, 0.5, 3>>
  // CHECK-NEXT: %narrow = cnn.requantize @narrow %x : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<ui4, 0.5, 3>>
  %narrow = cnn.quantize %xr : tensor<4xf32> -> tensor<4x!cnn.quant<ui4, 0.5, 3>>

  // On the host, float32 is quantised once, too.

  // CHECK-NEXT: %first = cnn.quantize %real : tensor<4xf32> -> tensor<4xsi8>
  %first = cnn.quantize %real : tensor<4xf32> -> tensor<4xsi8>
  %second = cnn.quantize %real : tensor<4xf32> -> tensor<4xsi8>
  // CHECK-NEXT: %third = cnn.quantize %real : tensor<4xf32> -> tensor<4xui8>
  %third = cnn.quantize %real : tensor<4xf32> -> tensor<4xui8>

  // CHECK-NEXT: cnn.output %x, %scaled, %scaled, %shifted, %signed, %narrow, %first, %first, %third : tensor<4x!cnn.quant<ui8, 0.5, 3>>, tensor<4x!cnn.quant<ui8, 0.25, 3>>, tensor<4x!cnn.quant<ui8, 0.25, 3>>, tensor<4x!cnn.quant<ui8, 0.5, 4>>, tensor<4x!cnn.quant<si8, 0.5, 3>>, tensor<4x!cnn.quant<ui4, 0.5, 3>>, tensor<4xsi8>, tensor<4xsi8>, tensor<4xui8>
  cnn.output %same, %scaled, %alike, %shifted, %signed, %narrow, %first, %second, %third : tensor<4x!cnn.quant<ui8, 0.5, 3>>, tensor<4x!cnn.quant<ui8, 0.25, 3>>, tensor<4x!cnn.quant<ui8, 0.25, 3>>, tensor<4x!cnn.quant<ui8, 0.5, 4>>, tensor<4x!cnn.quant<si8, 0.5, 3>>, tensor<4x!cnn.quant<ui4, 0.5, 3>>, tensor<4xsi8>, tensor<4xsi8>, tensor<4xui8>
}
