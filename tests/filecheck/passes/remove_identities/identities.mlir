// RUN: spatem-opt %s --pass-pipeline='remove-identities' | filecheck %s --match-full-lines

// CHECK: cnn.network @nothing(%x: tensor<2x3x4xf32>, %codes: tensor<2x3x4x!cnn.quant<ui8, 0.5>>) {
cnn.network @nothing(%x: tensor<2x3x4xf32>, %codes: tensor<2x3x4x!cnn.quant<ui8, 0.5>>) {
  // What does nothing is gone, on float32 and on codes.

  %identity = cnn.identity @identity %x : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %view = cnn.flatten %identity : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %turned = cnn.transpose %view [0, 1, 2] : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %framed = cnn.pad @framed %turned before [0, 0, 0] after [0, 0, 0] value 1.0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %sum = cnn.add @sum %framed : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %joined = cnn.concat %sum : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %x : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %relu = cnn.relu @relu %joined : tensor<2x3x4xf32> -> tensor<2x3x4xf32>

  %same = cnn.identity @same %codes : tensor<2x3x4x!cnn.quant<ui8, 0.5>> -> tensor<2x3x4x!cnn.quant<ui8, 0.5>>
  %alone = cnn.add @alone %same : tensor<2x3x4x!cnn.quant<ui8, 0.5>> -> tensor<2x3x4x!cnn.quant<ui8, 0.5>>

  // CHECK-NEXT: cnn.output %relu, %codes : tensor<2x3x4xf32>, tensor<2x3x4x!cnn.quant<ui8, 0.5>>
  cnn.output %relu, %alone : tensor<2x3x4xf32>, tensor<2x3x4x!cnn.quant<ui8, 0.5>>
}
