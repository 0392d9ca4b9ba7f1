// RUN: spatem-opt %s --pass-pipeline='quantize' | filecheck %s --match-full-lines

// A softmax at the end stays float32 on the host, with views of it; others are quantised.

// CHECK: cnn.network @softmax(%x: tensor<2x2xf32>) {
cnn.network @softmax(%x: tensor<2x2xf32>) attributes {input_ranges = [#cnn.range<0.0, 255.0>]} {
  // CHECK-NEXT: %x_codes = cnn.quantize %x : tensor<2x2xf32> -> tensor<2x2xui8>
  // CHECK-NEXT: %inner = cnn.softmax @inner %x_codes : tensor<2x2xui8> -> tensor<2x2x!cnn.quant<ui8, 0.003921569>>
  %inner = cnn.softmax @inner %x {range = #cnn.range<0.0, 1.0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %sum = cnn.add @sum %inner, %x_codes : tensor<2x2x!cnn.quant<ui8, 0.003921569>>, tensor<2x2xui8> -> tensor<2x2x!cnn.quant<ui8, 2.0>>
  %sum = cnn.add @sum %inner, %x {range = #cnn.range<0.0, 510.0>} : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %sum_1 = cnn.dequantize %sum : tensor<2x2x!cnn.quant<ui8, 2.0>> -> tensor<2x2xf32>
  // CHECK-NEXT: %last = cnn.softmax @last %sum_1 axis 1 : tensor<2x2xf32> -> tensor<2x2xf32>
  %last = cnn.softmax @last %sum axis 1 {range = #cnn.range<0.0, 1.0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %flat = cnn.flatten %last : tensor<2x2xf32> -> tensor<4xf32>
  %flat = cnn.flatten %last {range = #cnn.range<0.0, 1.0>} : tensor<2x2xf32> -> tensor<4xf32>

  // This one is an output, but also an operand.

  // CHECK-NEXT: %operand = cnn.softmax @operand %sum : tensor<2x2x!cnn.quant<ui8, 2.0>> -> tensor<2x2x!cnn.quant<ui8, 0.003921569>>
  %operand = cnn.softmax @operand %sum {range = #cnn.range<0.0, 1.0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %operand_1 = cnn.dequantize %operand : tensor<2x2x!cnn.quant<ui8, 0.003921569>> -> tensor<2x2xf32>
  // CHECK-NEXT: %leaky = cnn.leaky_relu @leaky %operand slope 0.5 : tensor<2x2x!cnn.quant<ui8, 0.003921569>> -> tensor<2x2xui8>
  %leaky = cnn.leaky_relu @leaky %operand slope 0.5 {range = #cnn.range<0.0, 255.0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %leaky_1 = cnn.dequantize %leaky : tensor<2x2xui8> -> tensor<2x2xf32>
  // CHECK-NEXT: cnn.output %flat, %operand_1, %leaky_1 : tensor<4xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  cnn.output %flat, %operand, %leaky : tensor<4xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
