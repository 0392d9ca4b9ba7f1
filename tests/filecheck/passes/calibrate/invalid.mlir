// RUN: not spatem-opt %s --pass-pipeline='calibrate' 2>&1 | filecheck %s --match-full-lines --check-prefix=INPUTS
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="missing.npy"}' 2>&1 | filecheck %s --match-full-lines --check-prefix=MISSING
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="%s"}' 2>&1 | filecheck %s --match-full-lines --check-prefix=FORMAT
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="x.npy" method=entropy}' 2>&1 | filecheck %s --match-full-lines --check-prefix=METHOD
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="x.npy" bits=9}' 2>&1 | filecheck %s --match-full-lines --check-prefix=BITS
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="package:lenet-digits-calibration.npy"}' 2>&1 | filecheck %s --match-full-lines --check-prefix=SHAPE
// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="package:missing.npy"}' 2>&1 | filecheck %s --match-full-lines --check-prefix=PACKAGE

// INPUTS: spatem-opt: --pass-pipeline 'calibrate': {{.*}}inputs{{.*}}
// MISSING: spatem-opt: missing.npy: there is no such file
// FORMAT: spatem-opt: {{.*}}invalid.mlir: not a readable .npy or .npz file: {{.*}}
// METHOD: spatem-opt: calibrate: method is 'entropy'; one of max-abs, mse
// BITS: spatem-opt: calibrate: bits is 9; 2 to 8 are possible
// SHAPE: spatem-opt: package:lenet-digits-calibration.npy: calibration inputs have shape [128, 1, 8, 8]; the model's input 'x' needs [n, 4] with n of at least 1
// PACKAGE: spatem-opt: package:missing.npy: there is no such file

cnn.network @net(%x: tensor<4xf32>) {
  cnn.output %x : tensor<4xf32>
}
