// RUN: spatem-opt %s --pass-pipeline='remove-dead-positions' | filecheck %s --match-full-lines

// CHECK: cnn.network @crop(%x: tensor<1x8x8xf32>) {
cnn.network @crop(%x: tensor<1x8x8xf32>) {
  // Outputs that the host crops do not leave the chip; the input enters whole.

  // CHECK-NEXT: %q = cnn.quantize %x : tensor<1x8x8xf32> -> tensor<1x8x8x!cnn.quant<ui8, 0.5>>
  // CHECK-NEXT: %c = cnn.conv @c %q <3x3, pads [1, 1, 1, 1], rows 3 to 6> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x8x8x!cnn.quant<ui8, 0.5>> -> tensor<4x3x8x!cnn.quant<ui8, 0.5>>
  // CHECK-NEXT: %d = cnn.dequantize %c : tensor<4x3x8x!cnn.quant<ui8, 0.5>> -> tensor<4x3x8xf32>
  // CHECK-NEXT: %g = cnn.transpose %d [1, 2, 0] : tensor<4x3x8xf32> -> tensor<3x8x4xf32>
  // CHECK-NEXT: cnn.output %g : tensor<3x8x4xf32>

  %q = cnn.quantize %x : tensor<1x8x8xf32> -> tensor<1x8x8x!cnn.quant<ui8, 0.5>>
  %c = cnn.conv @c %q <3x3, pads [1, 1, 1, 1]> weights #cnn.seeded<1, tensor<4x1x3x3xsi2>> scale 0.05 : tensor<1x8x8x!cnn.quant<ui8, 0.5>> -> tensor<4x8x8x!cnn.quant<ui8, 0.5>>
  %d = cnn.dequantize %c : tensor<4x8x8x!cnn.quant<ui8, 0.5>> -> tensor<4x8x8xf32>
  %t = cnn.transpose %d [1, 2, 0] : tensor<4x8x8xf32> -> tensor<8x8x4xf32>
  %g = cnn.gather %t dimension 0 indices 3 to 6 : tensor<8x8x4xf32> -> tensor<3x8x4xf32>
  cnn.output %g : tensor<3x8x4xf32>
}
