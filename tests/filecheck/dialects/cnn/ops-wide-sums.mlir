// RUN: spatem-opt %s --split-input-file | filecheck %s

// Sums of more than 32 bits, before and behind partition.

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 40 : tensor<4xui16> -> tensor<2xui8>
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 40 : tensor<4xui16> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: mvm.layer @fc
  // CHECK: sum_bits 33
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 33 matrix 4x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui16> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
