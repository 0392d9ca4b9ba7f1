// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="x.npy"}' 2>&1 | filecheck %s --match-full-lines

// CHECK: spatem-opt: @net: is quantised only if it has one float32 input; quantise it beforehand
cnn.network @net(%x: tensor<4xui8>) {
  %real = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>
  cnn.output %real : tensor<4xf32>
}
