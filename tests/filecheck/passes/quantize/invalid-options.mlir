// RUN: not spatem-opt %s --pass-pipeline='quantize{weight-bits=1}' 2>&1 | filecheck %s --match-full-lines --check-prefix=WEIGHT
// RUN: not spatem-opt %s --pass-pipeline='quantize{weight-bits=9}' 2>&1 | filecheck %s --match-full-lines --check-prefix=WEIGHTS
// RUN: not spatem-opt %s --pass-pipeline='quantize{activation-bits=9}' 2>&1 | filecheck %s --match-full-lines --check-prefix=ACTIVATION
// RUN: not spatem-opt %s --pass-pipeline='quantize{scale=entropy}' 2>&1 | filecheck %s --match-full-lines --check-prefix=SCALE
// RUN: not spatem-opt %s --pass-pipeline='quantize{per=layer}' 2>&1 | filecheck %s --match-full-lines --check-prefix=PER
// RUN: not spatem-opt %s --pass-pipeline='quantize{requantize=float}' 2>&1 | filecheck %s --match-full-lines --check-prefix=REQUANTIZE
// RUN: not spatem-opt %s --pass-pipeline='quantize{bits=4}' 2>&1 | filecheck %s --match-full-lines --check-prefix=OPTION

// WEIGHT: spatem-opt: quantize: weight-bits is 1; 2 to 8 are possible
// WEIGHTS: spatem-opt: quantize: weight-bits is 9; 2 to 8 are possible
// ACTIVATION: spatem-opt: quantize: activation-bits is 9; 2 to 8 are possible
// SCALE: spatem-opt: quantize: scale is 'entropy'; one of max-abs, mse, auto
// PER: spatem-opt: quantize: per is 'layer'; one of channel, tensor
// REQUANTIZE: spatem-opt: quantize: requantize is 'float'; one of f32-half-even, fixed-point
// OPTION: spatem-opt: --pass-pipeline 'quantize{bits=4}': {{.*}}bits{{.*}}

cnn.network @net(%x: tensor<4xf32>) attributes {input_ranges = [#cnn.range<0.0, 1.0>]} {
  cnn.output %x : tensor<4xf32>
}
