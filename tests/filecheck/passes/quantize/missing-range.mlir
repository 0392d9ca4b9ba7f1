// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s --match-full-lines

// Only ranges of what is read as codes are needed: not that of @first, whose only reader is a ReLU.

// CHECK: spatem-opt: quantize: the result of cnn.sigmoid '%second' has no range; run calibrate{inputs="FILE.npy"} before
cnn.network @net(%x: tensor<4xf32>) attributes {input_ranges = [#cnn.range<0.0, 1.0>]} {
  %first = cnn.sigmoid @first %x : tensor<4xf32> -> tensor<4xf32>
  %relu = cnn.relu @relu %first {range = #cnn.range<0.0, 1.0>} : tensor<4xf32> -> tensor<4xf32>
  %second = cnn.sigmoid @second %relu : tensor<4xf32> -> tensor<4xf32>
  cnn.output %second : tensor<4xf32>
}
