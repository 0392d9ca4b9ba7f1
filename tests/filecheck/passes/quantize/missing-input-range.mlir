// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s --match-full-lines

// CHECK: spatem-opt: quantize: input 0 has no range; run calibrate{inputs="FILE.npy"} before
cnn.network @net(%x: tensor<4xf32>) {
  %sigmoid = cnn.sigmoid @sigmoid %x {range = #cnn.range<0.0, 1.0>} : tensor<4xf32> -> tensor<4xf32>
  cnn.output %sigmoid : tensor<4xf32>
}
