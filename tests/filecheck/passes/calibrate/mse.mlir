// RUN: spatem-opt %s --pass-pipeline='calibrate{inputs="package:lenet-digits-calibration.npy" method=mse bits=2}' | filecheck %s --match-full-lines

// With few bits, the largest values are worth less than the others' precision: ranges are clipped,
// those of positive values at the top alone, others at both ends in proportion.

// CHECK: cnn.network @digits(%x: tensor<1x8x8xf32>) attributes {input_ranges = [#cnn.range<0.0, 0.94>]} {
cnn.network @digits(%x: tensor<1x8x8xf32>) {
  // CHECK-NEXT: %wide = cnn.affine @wide %x scale dense<4.000000e+00> : tensor<1xf32> shift dense<-2.000000e+00> : tensor<1xf32> {range = #cnn.range<-1.82, 1.82>} : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  %wide = cnn.affine @wide %x scale dense<4.0> : tensor<1xf32> shift dense<-2.0> : tensor<1xf32> : tensor<1x8x8xf32> -> tensor<1x8x8xf32>

  // A constant stays as it is.

  // CHECK-NEXT: %constant = cnn.clip @constant %wide from 3.0 to 3.0 {range = #cnn.range<3.0, 3.0>} : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  %constant = cnn.clip @constant %wide from 3.0 to 3.0 : tensor<1x8x8xf32> -> tensor<1x8x8xf32>
  // CHECK-NEXT: cnn.output %wide, %constant : tensor<1x8x8xf32>, tensor<1x8x8xf32>
  cnn.output %wide, %constant : tensor<1x8x8xf32>, tensor<1x8x8xf32>
}
