// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<6x4xui8>) {
  // CHECK: cnn.gather: has dimension 2 of 2
  %r = cnn.gather %x dimension 2 indices 0 : tensor<6x4xui8> -> tensor<1x4xui8>
  cnn.output %r : tensor<1x4xui8>
}

// -----

cnn.network @net(%x: tensor<6x4xui8>) {
  // CHECK: cnn.gather: has indices 3 to 7; they must be from 0 to 5
  %r = cnn.gather %x dimension 0 indices 3 to 7 : tensor<6x4xui8> -> tensor<4x4xui8>
  cnn.output %r : tensor<4x4xui8>
}

// -----

cnn.network @net(%x: tensor<6x4xui8>) {
  // CHECK: cnn.gather: has indices []; they must be from 0 to 5
  %r = cnn.gather %x dimension 0 indices [] : tensor<6x4xui8> -> tensor<6x4xui8>
  cnn.output %r : tensor<6x4xui8>
}

// -----

cnn.network @net(%x: tensor<6x4xui8>) {
  // CHECK: cnn.gather: result has shape 6x4, its operands give 2x4
  %r = cnn.gather %x dimension 0 indices 0 to 2 : tensor<6x4xui8> -> tensor<6x4xui8>
  cnn.output %r : tensor<6x4xui8>
}

// -----

cnn.network @net(%x: tensor<6x4xui8>) {
  // CHECK: cnn.gather: input and output must have the same quantisation
  %r = cnn.gather %x dimension 0 indices 0 to 2 : tensor<6x4xui8> -> tensor<2x4xsi8>
  cnn.output %r : tensor<2x4xsi8>
}
