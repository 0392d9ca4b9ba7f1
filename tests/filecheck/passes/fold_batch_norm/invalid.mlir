// RUN: not spatem-opt %s --pass-pipeline='fold-batch-norm' --weights %t.npz 2>&1 | filecheck %s --match-full-lines

// A variance of zero without an epsilon.

// CHECK: spatem-opt: fold-batch-norm: cnn.batch_norm @norm: a channel has variance + epsilon 0; it must be positive
cnn.network @net(%x: tensor<2xf32>) {
  %norm = cnn.batch_norm @norm %x scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<[1.0, 0.0]> : tensor<2xf32> epsilon 0.0 : tensor<2xf32> -> tensor<2xf32>
  cnn.output %norm : tensor<2xf32>
}
