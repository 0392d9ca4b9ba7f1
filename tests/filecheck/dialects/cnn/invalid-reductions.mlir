// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<3x4x5xui8>) {
  // CHECK: cnn.global_sum_pool @op: has a window that is not the whole feature map
  %r = cnn.global_sum_pool @op %x <4x4> : tensor<3x4x5xui8> -> tensor<3x1x2xui8>
  cnn.output %r : tensor<3x1x2xui8>
}
