// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK: cnn.network @elements(%x: tensor<2x3xui8>, %y: tensor<2x1xsi8>) {
cnn.network @elements(%x: tensor<2x3xui8>, %y: tensor<2x1xsi8>) {
  // CHECK-NEXT: %sub = cnn.sub @sub %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  %sub = cnn.sub @sub %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  // CHECK-NEXT: %div = cnn.div @div %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  %div = cnn.div @div %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  // CHECK-NEXT: %max = cnn.max @max %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  %max = cnn.max @max %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  // CHECK-NEXT: %min = cnn.min @min %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  %min = cnn.min @min %x, %y : tensor<2x3xui8>, tensor<2x1xsi8> -> tensor<2x3xsi8>
  // CHECK-NEXT: %prelu = cnn.prelu @prelu %x slope dense<[2.500000e-01, -1.000000e+00]> : tensor<2xf32> : tensor<2x3xui8> -> tensor<2x3xsi8>
  %prelu = cnn.prelu @prelu %x slope dense<[0.25, -1.0]> : tensor<2xf32> : tensor<2x3xui8> -> tensor<2x3xsi8>
  cnn.output %x : tensor<2x3xui8>
}
