// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK: cnn.network @parts(%x: tensor<6x4x5xui8>) {
cnn.network @parts(%x: tensor<6x4x5xui8>) {
  // CHECK-NEXT: %some = cnn.gather %x dimension 0 indices 0 to 5 step 2 : tensor<6x4x5xui8> -> tensor<3x4x5xui8>
  %some = cnn.gather %x dimension 0 indices [0, 2, 4] : tensor<6x4x5xui8> -> tensor<3x4x5xui8>
  // CHECK-NEXT: %twice = cnn.gather %some dimension 2 indices [0 to 5, 0 to 5] : tensor<3x4x5xui8> -> tensor<3x4x10xui8>
  %twice = cnn.gather %some dimension 2 indices 0 to 5 repeat 2 : tensor<3x4x5xui8> -> tensor<3x4x10xui8>
  // CHECK-NEXT: %turned = cnn.gather %twice dimension 1 indices 3 to -1 step -1 : tensor<3x4x10xui8> -> tensor<3x4x10xui8>
  %turned = cnn.gather %twice dimension 1 indices [3, 2, 1, 0] : tensor<3x4x10xui8> -> tensor<3x4x10xui8>
  cnn.output %turned : tensor<3x4x10xui8>
}
