// RUN: spatem-opt %s --pass-pipeline='calibrate{inputs="package:lenet-digits-calibration.npy"}' | filecheck %s --match-full-lines
// RUN: spatem-opt %s --pass-pipeline='calibrate{inputs="package:lenet-digits-calibration.npy"}' | spatem-opt | filecheck %s --match-full-lines
// RUN: spatem-opt %s --pass-pipeline='calibrate{inputs="package:lenet-digits-calibration.npy"},calibrate{inputs="package:lenet-digits-calibration.npy"}' | filecheck %s --match-full-lines

// The ranges are those of the operators on sample images between 0 and 1.

// CHECK: cnn.network @digits(%x: tensor<1x8x8xf32>) attributes {input_ranges = [#cnn.range<0.0, 1.0>]} {
cnn.network @digits(%x: tensor<1x8x8xf32>) {
  // CHECK-NEXT: %shifted = cnn.affine @shifted %x scale dense<2.000000e+00> : tensor<1xf32> shift dense<-5.000000e-01> : tensor<1xf32> {range = #cnn.range<-0.5, 1.5>} : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  %shifted = cnn.affine @shifted %x scale dense<2.0> : tensor<1xf32> shift dense<-0.5> : tensor<1xf32> : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %shifted {range = #cnn.range<0.0, 1.5>} : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  %relu = cnn.relu @relu %shifted : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  // CHECK-NEXT: %conv = cnn.conv @conv %relu <1x1> weights dense<[[[[-1.000000e+00]]], [[[2.000000e+00]]]]> : tensor<2x1x1x1xf32> {range = #cnn.range<-1.5, 3.0>} : tensor<1x8x8xf32> -> tensor<2x8x8xf32>
  %conv = cnn.conv @conv %relu <1x1> weights dense<[[[[-1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32> : tensor<1x8x8xf32> -> tensor<2x8x8xf32>
  // CHECK-NEXT: %flat = cnn.flatten %conv {range = #cnn.range<-1.5, 3.0>} : tensor<2x8x8xf32> -> tensor<128xf32>
  %flat = cnn.flatten %conv : tensor<2x8x8xf32> -> tensor<128xf32>

  // Codes have no range.

  // CHECK-NEXT: %codes = cnn.quantize %flat : tensor<128xf32> -> tensor<128x!cnn.quant<si8, 0.5>>
  %codes = cnn.quantize %flat : tensor<128xf32> -> tensor<128x!cnn.quant<si8, 0.5>>
  // CHECK-NEXT: %real = cnn.dequantize %codes {range = #cnn.range<-1.5, 3.0>} : tensor<128x!cnn.quant<si8, 0.5>> -> tensor<128xf32>
  %real = cnn.dequantize %codes : tensor<128x!cnn.quant<si8, 0.5>> -> tensor<128xf32>
  // CHECK-NEXT: cnn.output %real : tensor<128xf32>
  cnn.output %real : tensor<128xf32>
}
