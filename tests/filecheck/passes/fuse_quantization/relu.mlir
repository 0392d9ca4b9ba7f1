// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// CHECK: cnn.network @relu(%u: tensor<4xui8>, %z: tensor<4x!cnn.quant<ui8, 0.5, 3>>, %low: tensor<4x!cnn.quant<si8, 0.5, -128>>, %s: tensor<4xsi8>) {
cnn.network @relu(%u: tensor<4xui8>, %z: tensor<4x!cnn.quant<ui8, 0.5, 3>>, %low: tensor<4x!cnn.quant<si8, 0.5, -128>>, %s: tensor<4xsi8>) {
  // Of codes of which none is negative, nothing remains: unsigned from 0, signed from the least.

  %unsigned = cnn.relu @unsigned %u : tensor<4xui8> -> tensor<4xui8>
  %lowest = cnn.relu @lowest %low : tensor<4x!cnn.quant<si8, 0.5, -128>> -> tensor<4x!cnn.quant<si8, 0.5, -128>>

  // Unsigned codes above a zero point, signed codes: the ReLU stays.

  // CHECK-NEXT: %zero_point = cnn.relu @zero_point %z : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<ui8, 0.5, 3>>
  %zero_point = cnn.relu @zero_point %z : tensor<4x!cnn.quant<ui8, 0.5, 3>> -> tensor<4x!cnn.quant<ui8, 0.5, 3>>
  // CHECK-NEXT: %signed = cnn.relu @signed %s : tensor<4xsi8> -> tensor<4xsi8>
  %signed = cnn.relu @signed %s : tensor<4xsi8> -> tensor<4xsi8>

  // The result of a layer becomes unsigned, which is all that its ReLU does.

  %ur = cnn.dequantize %u : tensor<4xui8> -> tensor<4xf32>
  // CHECK-NEXT: %dense_real = cnn.dense @dense %u weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  %dense_real = cnn.dense @dense %ur weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  %relu = cnn.relu @relu %dense_real : tensor<2xf32> -> tensor<2xf32>
  %dense = cnn.quantize %relu : tensor<2xf32> -> tensor<2xui8>

  // A ReLU before signed codes works on codes.

  // CHECK-NEXT: %other_real = cnn.dense @other %u weights #cnn.seeded<1, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xsi8>
  %other_real = cnn.dense @other %ur weights #cnn.seeded<1, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %other_relu = cnn.relu @other_relu %other_real : tensor<2xsi8> -> tensor<2xsi8>
  %other_relu = cnn.relu @other_relu %other_real : tensor<2xf32> -> tensor<2xf32>
  %codes = cnn.quantize %other_relu : tensor<2xf32> -> tensor<2xsi8>

  // A float32 reader of the ReLU keeps it, and the layer's result, float32.

  // CHECK-NEXT: %host_real = cnn.dense @host %u weights #cnn.seeded<2, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2xf32>
  %host_real = cnn.dense @host %ur weights #cnn.seeded<2, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: %host_relu = cnn.relu @host_relu %host_real : tensor<2xf32> -> tensor<2xf32>
  %host_relu = cnn.relu @host_relu %host_real : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %host = cnn.requantize @host1 %host_relu : tensor<2xf32> -> tensor<2xui8>
  %host = cnn.quantize %host_relu : tensor<2xf32> -> tensor<2xui8>

  // CHECK-NEXT: cnn.output %u, %low, %zero_point, %signed, %dense_real, %other_relu, %host, %host_relu : tensor<4xui8>, tensor<4x!cnn.quant<si8, 0.5, -128>>, tensor<4x!cnn.quant<ui8, 0.5, 3>>, tensor<4xsi8>, tensor<2xui8>, tensor<2xsi8>, tensor<2xui8>, tensor<2xf32>
  cnn.output %unsigned, %lowest, %zero_point, %signed, %dense, %codes, %host, %host_relu : tensor<4xui8>, tensor<4x!cnn.quant<si8, 0.5, -128>>, tensor<4x!cnn.quant<ui8, 0.5, 3>>, tensor<4xsi8>, tensor<2xui8>, tensor<2xsi8>, tensor<2xui8>, tensor<2xf32>
}
