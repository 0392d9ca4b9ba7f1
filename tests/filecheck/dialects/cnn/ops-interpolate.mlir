// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK: cnn.network @resized(%x: tensor<3x4x2xui8>) {
cnn.network @resized(%x: tensor<3x4x2xui8>) {
  // CHECK-NEXT: %up = cnn.interpolate @up %x <2x1, strides 2x1> rows dense<5.000000e-01> : tensor<2x2xf32> columns dense<1.000000e+00> : tensor<2x1xf32> : tensor<3x4x2xui8> -> tensor<3x2x2xui8>
  %up = cnn.interpolate @up %x <2x1, strides 2x1> rows dense<0.5> : tensor<2x2xf32> columns dense<1.0> : tensor<2x1xf32> : tensor<3x4x2xui8> -> tensor<3x2x2xui8>
  cnn.output %up : tensor<3x2x2xui8>
}
