// RUN: spatem-opt %s --pass-pipeline='remove-identities' | filecheck %s --match-full-lines

// CHECK: cnn.network @views(%x: tensor<6x2x2xui8>) {
cnn.network @views(%x: tensor<6x2x2xui8>) {
  // Three reshapings become one; back to the shape of the operand, none.

  %a = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<24xui8>
  %b = cnn.flatten %a : tensor<24xui8> -> tensor<4x6xui8>
  // CHECK-NEXT: %flat = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<2x12xui8>
  %flat = cnn.flatten %b : tensor<4x6xui8> -> tensor<2x12xui8>
  %back = cnn.flatten %a : tensor<24xui8> -> tensor<6x2x2xui8>

  // A reshaping that has another reader stays, beside the joined one.

  // CHECK-NEXT: %rows = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<6x4xui8>
  %rows = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<6x4xui8>
  // CHECK-NEXT: %columns = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<4x6xui8>
  %columns = cnn.flatten %rows : tensor<6x4xui8> -> tensor<4x6xui8>

  // Two transpositions are one, or none.

  %first = cnn.transpose %x [1, 2, 0] : tensor<6x2x2xui8> -> tensor<2x2x6xui8>
  // CHECK-NEXT: %second = cnn.transpose %x [0, 2, 1] : tensor<6x2x2xui8> -> tensor<6x2x2xui8>
  %second = cnn.transpose %first [2, 1, 0] : tensor<2x2x6xui8> -> tensor<6x2x2xui8>
  %none = cnn.transpose %first [2, 0, 1] : tensor<2x2x6xui8> -> tensor<6x2x2xui8>

  // A channel shuffle is a reshaping, a transposition and a reshaping.

  // CHECK-NEXT: %groups = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<2x3x2x2xui8>
  %groups = cnn.flatten %x : tensor<6x2x2xui8> -> tensor<2x3x2x2xui8>
  // CHECK-NEXT: %mixed = cnn.transpose %groups [1, 0, 2, 3] : tensor<2x3x2x2xui8> -> tensor<3x2x2x2xui8>
  %mixed = cnn.transpose %groups [1, 0, 2, 3] : tensor<2x3x2x2xui8> -> tensor<3x2x2x2xui8>
  // CHECK-NEXT: %shuffled = cnn.flatten %mixed : tensor<3x2x2x2xui8> -> tensor<6x2x2xui8>
  %shuffled = cnn.flatten %mixed : tensor<3x2x2x2xui8> -> tensor<6x2x2xui8>

  // CHECK-NEXT: cnn.output %flat, %x, %rows, %columns, %second, %x, %shuffled : tensor<2x12xui8>, tensor<6x2x2xui8>, tensor<6x4xui8>, tensor<4x6xui8>, tensor<6x2x2xui8>, tensor<6x2x2xui8>, tensor<6x2x2xui8>
  cnn.output %flat, %back, %rows, %columns, %second, %none, %shuffled : tensor<2x12xui8>, tensor<6x2x2xui8>, tensor<6x4xui8>, tensor<4x6xui8>, tensor<6x2x2xui8>, tensor<6x2x2xui8>, tensor<6x2x2xui8>
}
