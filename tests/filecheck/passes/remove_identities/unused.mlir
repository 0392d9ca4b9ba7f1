// RUN: spatem-opt %s --pass-pipeline='remove-identities' | filecheck %s --match-full-lines

// What nobody reads goes, with all that only it reads; inputs stay.

// CHECK: cnn.network @unused(%x: tensor<4xf32>, %y: tensor<4xf32>) {
cnn.network @unused(%x: tensor<4xf32>, %y: tensor<4xf32>) {
  // CHECK-NEXT: %read = cnn.relu @read %x : tensor<4xf32> -> tensor<4xf32>
  %read = cnn.relu @read %x : tensor<4xf32> -> tensor<4xf32>
  %first = cnn.sigmoid @first %read : tensor<4xf32> -> tensor<4xf32>
  %second = cnn.add @second %first, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %third = cnn.dense @third %second weights dense<1.0> : tensor<2x4xf32> : tensor<4xf32> -> tensor<2xf32>
  // CHECK-NEXT: cnn.output %read : tensor<4xf32>
  cnn.output %read : tensor<4xf32>
}
