// RUN: %roundtrip --match-full-lines

// CHECK: cnn.network @lines(%x: tensor<3x4x2xui8>) {
cnn.network @lines(%x: tensor<3x4x2xui8>) {
  // CHECK-NEXT: %logs = cnn.log_softmax @logs %x axis 2 : tensor<3x4x2xui8> -> tensor<3x4x2xsi8>
  %logs = cnn.log_softmax @logs %x axis 2 : tensor<3x4x2xui8> -> tensor<3x4x2xsi8>
  // CHECK-NEXT: %first = cnn.log_softmax @first %logs : tensor<3x4x2xsi8> -> tensor<3x4x2xsi8>
  %first = cnn.log_softmax @first %logs axis 0 : tensor<3x4x2xsi8> -> tensor<3x4x2xsi8>
  cnn.output %first : tensor<3x4x2xsi8>
}
