// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<3x4x5xui8>) {
  // CHECK: cnn.global_sum_pool @op: has a window with pads
  %r = cnn.global_sum_pool @op %x <4x5, pads [0, 0, 0, 1]> : tensor<3x4x5xui8> -> tensor<3x1x2xui8>
  cnn.output %r : tensor<3x1x2xui8>
}
