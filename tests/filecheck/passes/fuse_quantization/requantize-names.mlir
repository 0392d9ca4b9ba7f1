// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// cnn.requantize is called as its result, or otherwise if that name is taken.

cnn.network @names(%x: tensor<4x!cnn.quant<ui8, 0.5>>) {
  %relu = cnn.leaky_relu @taken %x slope 0.5 : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<4x!cnn.quant<ui8, 0.5>>
  %xr = cnn.dequantize %relu : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<4xf32>
  // CHECK: %taken = cnn.requantize @taken1 %relu : {{.*}}
  %taken = cnn.quantize %xr : tensor<4xf32> -> tensor<4xui8>
  // CHECK-NEXT: %free = cnn.requantize @free %relu : {{.*}}
  %free = cnn.quantize %xr : tensor<4xf32> -> tensor<4xsi8>
  // CHECK-NEXT: %{{.*}} = cnn.requantize @requantized %relu : {{.*}}
  %0 = cnn.quantize %xr : tensor<4xf32> -> tensor<4xui4>
  cnn.output %taken, %free, %0 : tensor<4xui8>, tensor<4xsi8>, tensor<4xui4>
}
