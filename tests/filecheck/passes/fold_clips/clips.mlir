// RUN: spatem-opt %s --pass-pipeline='fold-clips' | filecheck %s --match-full-lines

// CHECK: cnn.network @net(%x: tensor<1x4x4xsi8>) {
cnn.network @net(%x: tensor<1x4x4xsi8>) {
  // A clip behind a layer, a view and a maximum pooling is where the layer saturates.

  // CHECK-NEXT: %c = cnn.conv @c %x <1x1> weights #cnn.seeded<1, tensor<2x1x1x1xsi2>> scale 0.5 saturate [0, 12] : tensor<1x4x4xsi8> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  %c = cnn.conv @c %x <1x1> weights #cnn.seeded<1, tensor<2x1x1x1xsi2>> scale 0.5 : tensor<1x4x4xsi8> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  // CHECK-NEXT: %p = cnn.max_pool @p %c <2x2, strides 2x2> : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x2x2x!cnn.quant<si8, 0.5>>
  %p = cnn.max_pool @p %c <2x2, strides 2x2> : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x2x2x!cnn.quant<si8, 0.5>>
  // CHECK-NEXT: %f = cnn.flatten %p : tensor<2x2x2x!cnn.quant<si8, 0.5>> -> tensor<8x!cnn.quant<si8, 0.5>>
  %f = cnn.flatten %p : tensor<2x2x2x!cnn.quant<si8, 0.5>> -> tensor<8x!cnn.quant<si8, 0.5>>
  %six = cnn.clip @six %f from 0.0 to 6.0 : tensor<8x!cnn.quant<si8, 0.5>> -> tensor<8x!cnn.quant<si8, 0.5>>

  // A layer that saturates already does so within both bounds.

  // CHECK-NEXT: %d = cnn.dense @d %f weights #cnn.seeded<2, tensor<3x8xsi2>> scale 0.5 saturate [0, 127] : tensor<8x!cnn.quant<si8, 0.5>> -> tensor<3x!cnn.quant<si8, 0.5>>
  %d = cnn.dense @d %six weights #cnn.seeded<2, tensor<3x8xsi2>> scale 0.5 saturate [-5, 127] : tensor<8x!cnn.quant<si8, 0.5>> -> tensor<3x!cnn.quant<si8, 0.5>>
  %r = cnn.relu @r %d : tensor<3x!cnn.quant<si8, 0.5>> -> tensor<3x!cnn.quant<si8, 0.5>>

  // Digital operators saturate, too.

  // CHECK-NEXT: %t = cnn.tanh @t %d {saturate = array<i64: 2, 20>} : tensor<3x!cnn.quant<si8, 0.5>> -> tensor<3x!cnn.quant<si8, 0.05>>
  %t = cnn.tanh @t %r : tensor<3x!cnn.quant<si8, 0.5>> -> tensor<3x!cnn.quant<si8, 0.05>>
  %half = cnn.clip @half %t from 0.1 : tensor<3x!cnn.quant<si8, 0.05>> -> tensor<3x!cnn.quant<si8, 0.05>>
  %one = cnn.clip @one %half from 0.0 to 1.0 : tensor<3x!cnn.quant<si8, 0.05>> -> tensor<3x!cnn.quant<si8, 0.05>>

  // Where all codes are within the bounds, a clip does nothing.

  // CHECK-NEXT: %e = cnn.dense @e %t weights #cnn.seeded<3, tensor<3x3xsi2>> scale 0.5 : tensor<3x!cnn.quant<si8, 0.05>> -> tensor<3x!cnn.quant<ui8, 0.5>>
  %e = cnn.dense @e %one weights #cnn.seeded<3, tensor<3x3xsi2>> scale 0.5 : tensor<3x!cnn.quant<si8, 0.05>> -> tensor<3x!cnn.quant<ui8, 0.5>>
  %idle = cnn.clip @idle %e from -1.0 to 127.5 : tensor<3x!cnn.quant<ui8, 0.5>> -> tensor<3x!cnn.quant<ui8, 0.5>>

  // What has another reader stays, and sums stay sums.

  // CHECK-NEXT: %low = cnn.clip @low %e from 1.0 : tensor<3x!cnn.quant<ui8, 0.5>> -> tensor<3x!cnn.quant<ui8, 0.5>>
  %low = cnn.clip @low %idle from 1.0 : tensor<3x!cnn.quant<ui8, 0.5>> -> tensor<3x!cnn.quant<ui8, 0.5>>
  // CHECK-NEXT: %s = cnn.dense @s %low weights #cnn.seeded<4, tensor<3x3xsi2>> scale 0.5 : tensor<3x!cnn.quant<ui8, 0.5>> -> tensor<3xsi32>
  %s = cnn.dense @s %low weights #cnn.seeded<4, tensor<3x3xsi2>> scale 0.5 : tensor<3x!cnn.quant<ui8, 0.5>> -> tensor<3xsi32>
  // CHECK-NEXT: %positive = cnn.relu @positive %s : tensor<3xsi32> -> tensor<3xsi32>
  %positive = cnn.relu @positive %s : tensor<3xsi32> -> tensor<3xsi32>
  // CHECK-NEXT: cnn.output %positive, %e : tensor<3xsi32>, tensor<3x!cnn.quant<ui8, 0.5>>
  cnn.output %positive, %idle : tensor<3xsi32>, tensor<3x!cnn.quant<ui8, 0.5>>
}
