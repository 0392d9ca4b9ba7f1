// RUN: spatem-opt %s --pass-pipeline='remove-identities' | filecheck %s --match-full-lines

// CHECK: cnn.network @something(%x: tensor<2x2x4xf32>, %codes: tensor<2x!cnn.quant<ui8, 0.5>>) {
cnn.network @something(%x: tensor<2x2x4xf32>, %codes: tensor<2x!cnn.quant<ui8, 0.5>>) {
  // The shape of the result is that of the operand, its order is not.

  // CHECK-NEXT: %turned = cnn.transpose %x [1, 0, 2] : tensor<2x2x4xf32> -> tensor<2x2x4xf32>
  %turned = cnn.transpose %x [1, 0, 2] : tensor<2x2x4xf32> -> tensor<2x2x4xf32>

  // CHECK-NEXT: %framed = cnn.pad @framed %turned before [0, 0, 0] after [0, 0, 1] value 0.0 : tensor<2x2x4xf32> -> tensor<2x2x5xf32>
  %framed = cnn.pad @framed %turned before [0, 0, 0] after [0, 0, 1] value 0.0 : tensor<2x2x4xf32> -> tensor<2x2x5xf32>

  // CHECK-NEXT: %flat = cnn.flatten %framed : tensor<2x2x5xf32> -> tensor<20xf32>
  %flat = cnn.flatten %framed : tensor<2x2x5xf32> -> tensor<20xf32>

  // A tensor joined with itself; a sum of one operand under another quantisation.

  // CHECK-NEXT: %twice = cnn.concat %flat, %flat : tensor<20xf32>, tensor<20xf32> -> tensor<40xf32>
  %twice = cnn.concat %flat, %flat : tensor<20xf32>, tensor<20xf32> -> tensor<40xf32>

  // CHECK-NEXT: %sum = cnn.add @sum %codes : tensor<2x!cnn.quant<ui8, 0.5>> -> tensor<2x!cnn.quant<ui8, 0.25>>
  %sum = cnn.add @sum %codes : tensor<2x!cnn.quant<ui8, 0.5>> -> tensor<2x!cnn.quant<ui8, 0.25>>

  // CHECK-NEXT: cnn.output %twice, %sum : tensor<40xf32>, tensor<2x!cnn.quant<ui8, 0.25>>
  cnn.output %twice, %sum : tensor<40xf32>, tensor<2x!cnn.quant<ui8, 0.25>>
}
