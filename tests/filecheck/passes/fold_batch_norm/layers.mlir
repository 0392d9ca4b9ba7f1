// RUN: spatem-opt %s --pass-pipeline='fold-batch-norm' --weights %t.npz | filecheck %s
// RUN: spatem-opt %s --pass-pipeline='fold-batch-norm,fold-batch-norm' --weights %t.npz | filecheck %s
// RUN: not spatem-opt %s --pass-pipeline='fold-batch-norm' 2>&1 | filecheck %s --check-prefix=FILE --match-full-lines

// New parameters are arrays of a file.

// FILE: spatem-opt: {{.*}}layers.mlir: the computed weights need a file; give -o or --weights

cnn.network @layers(%x: tensor<2x4x4xf32>) {
  // A batch normalisation goes into the convolution before it, which gets a bias.

  // CHECK: %norm = cnn.conv @conv %x <2x2> weights #cnn.file<"{{.*}}.npz", "conv.weights", "{{[0-9a-f]+}}", tensor<3x2x2x2xf32>> bias #cnn.file<"{{.*}}.npz", "conv.bias", "{{[0-9a-f]+}}", tensor<3xf32>> : tensor<2x4x4xf32> -> tensor<3x3x3xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %norm : tensor<3x3x3xf32> -> tensor<3x3x3xf32>
  %conv = cnn.conv @conv %x <2x2> weights dense<0.5> : tensor<3x2x2x2xf32> : tensor<2x4x4xf32> -> tensor<3x3x3xf32>
  %norm = cnn.batch_norm @norm %conv scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<[0.0, 1.0, 2.0]> : tensor<3xf32> variance dense<4.0> : tensor<3xf32> epsilon 0.0 : tensor<3x3x3xf32> -> tensor<3x3x3xf32>
  %relu = cnn.relu @relu %norm : tensor<3x3x3xf32> -> tensor<3x3x3xf32>

  // Two in a row, after a layer with a bias.

  // CHECK-NEXT: %second = cnn.conv @grouped %relu <1x1> groups 3 weights #cnn.file<"{{.*}}.npz", "grouped.weights", {{.*}}, tensor<3x1x1x1xf32>> bias #cnn.file<"{{.*}}.npz", "grouped.bias", {{.*}}, tensor<3xf32>> :
  // CHECK-NEXT: %flat = cnn.flatten %second : tensor<3x3x3xf32> -> tensor<27xf32>
  %grouped = cnn.conv @grouped %relu <1x1> groups 3 weights dense<0.5> : tensor<3x1x1x1xf32> bias dense<1.0> : tensor<3xf32> : tensor<3x3x3xf32> -> tensor<3x3x3xf32>
  %first = cnn.batch_norm @first %grouped scale dense<1.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<1.0> : tensor<3xf32> variance dense<4.0> : tensor<3xf32> epsilon 0.5 : tensor<3x3x3xf32> -> tensor<3x3x3xf32>
  %second = cnn.batch_norm @second %first scale dense<2.0> : tensor<3xf32> shift dense<0.0> : tensor<3xf32> mean dense<1.0> : tensor<3xf32> variance dense<4.0> : tensor<3xf32> epsilon 0.5 : tensor<3x3x3xf32> -> tensor<3x3x3xf32>
  %flat = cnn.flatten %second : tensor<3x3x3xf32> -> tensor<27xf32>

  // One on the features of a dense layer; an affine operator goes the same way.

  // CHECK-NEXT: %scaled = cnn.dense @dense %flat weights #cnn.file<"{{.*}}.npz", "dense.weights", {{.*}}, tensor<2x27xf32>> bias #cnn.file<"{{.*}}.npz", "dense.bias", {{.*}}, tensor<2xf32>> :
  // CHECK-NEXT: cnn.output %scaled : tensor<2xf32>
  %dense = cnn.dense @dense %flat weights dense<0.5> : tensor<2x27xf32> : tensor<27xf32> -> tensor<2xf32>
  %features = cnn.batch_norm @features %dense scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<4.0> : tensor<2xf32> epsilon 0.5 : tensor<2xf32> -> tensor<2xf32>
  %scaled = cnn.affine @scaled %features scale dense<[1.0, -1.0]> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  cnn.output %scaled : tensor<2xf32>
}
