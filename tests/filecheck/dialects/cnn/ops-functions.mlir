// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK: cnn.network @functions(%x: tensor<4xui8>, %i: tensor<4xsi2>) {
cnn.network @functions(%x: tensor<4xui8>, %i: tensor<4xsi2>) {
  // CHECK-NEXT: %hard_swish = cnn.hard_swish @hard_swish %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %hard_swish = cnn.hard_swish @hard_swish %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %hard_sigmoid = cnn.hard_sigmoid @hard_sigmoid %x alpha 0.2 beta 0.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %hard_sigmoid = cnn.hard_sigmoid @hard_sigmoid %x alpha 0.2 beta 0.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %elu = cnn.elu @elu %x alpha 1.6732632 gamma 1.050701 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %elu = cnn.elu @elu %x alpha 1.6732632 gamma 1.050701 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %celu = cnn.celu @celu %x alpha 1.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %celu = cnn.celu @celu %x alpha 1.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %erf = cnn.erf @erf %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %erf = cnn.erf @erf %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %gelu = cnn.gelu @gelu %x tanh : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %gelu = cnn.gelu @gelu %x tanh : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %softplus = cnn.softplus @softplus %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %softplus = cnn.softplus @softplus %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %mish = cnn.mish @mish %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %mish = cnn.mish @mish %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %exp = cnn.exp @exp %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %exp = cnn.exp @exp %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %neg = cnn.neg @neg %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %neg = cnn.neg @neg %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %abs = cnn.abs @abs %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %abs = cnn.abs @abs %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %reciprocal = cnn.reciprocal @reciprocal %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %reciprocal = cnn.reciprocal @reciprocal %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %sqrt = cnn.sqrt @sqrt %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %sqrt = cnn.sqrt @sqrt %x : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %rounded = cnn.round @rounded %x "half-up" step 0.5 : tensor<4xui8> -> tensor<4xsi8>
  %rounded = cnn.round @rounded %x "half-up" step 0.5 : tensor<4xui8> -> tensor<4xsi8>
  // CHECK-NEXT: %bipolar = cnn.bipolar @bipolar %x scale 0.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si2, 0.5>>
  %bipolar = cnn.bipolar @bipolar %x scale 0.5 : tensor<4xui8> -> tensor<4x!cnn.quant<si2, 0.5>>
  // CHECK-NEXT: %pow = cnn.pow @pow %x exponent -2.0 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %pow = cnn.pow @pow %x exponent -2.0 : tensor<4xui8> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  // CHECK-NEXT: %table = cnn.table @table %i codes [-2, 0, 1, 7] : tensor<4xsi2> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  %table = cnn.table @table %i codes [-2, 0, 1, 7] : tensor<4xsi2> -> tensor<4x!cnn.quant<si8, 0.25, 3>>
  cnn.output %x : tensor<4xui8>
}
