// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Types.

cnn.network @net(%x: tensor<4xui17>) {
  // CHECK: cnn.dense @fc: has activations of more than 16 bits
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui17> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: cnn.dense @fc: has a quantised result of a float32 input; insert cnn.quantize
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xf32> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: works on float32 or quantised integers (ui8, si8, !cnn.quant …), not on tensor<2xi32>
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xi32>
  cnn.output %y : tensor<2xi32>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.conv @conv: works on tensors of known shape, such as tensor<4xui8>, not on tensor<ui8>
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<ui8>
  cnn.output %y : tensor<ui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of type f32; they must be signed or unsigned integers
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xf32>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of type i8; they must be signed or unsigned integers
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xi8>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of 1 bits; 2 to 16 are possible
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xui1>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of 17 bits; 2 to 16 are possible
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi17>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// Weights, scales, zero points and biases.

"builtin.module"() ({
  "cnn.network"() <{sym_name = "net"}> ({
  ^bb0(%x: tensor<4xui8>):
    // CHECK: weights and biases must be #cnn.seeded<…>, #cnn.file<…> or dense<…> : tensor<…>
    %y = "cnn.dense"(%x) <{sym_name = "fc", weights = dense<1> : vector<2x4xsi2>, weight_scale = 0.5 : f32, weight_zero_point = 0 : i64}> : (tensor<4xui8>) -> tensor<2xui8>
    "cnn.output"(%y) : (tensor<2xui8>) -> ()
  }) : () -> ()
}) : () -> ()

// -----

"builtin.module"() ({
  "cnn.network"() <{sym_name = "net"}> ({
  ^bb0(%x: tensor<4xui8>):
    // CHECK: a weight scale must be a float32, #cnn.file<…> or dense<…> : tensor<…xf32>
    %y = "cnn.dense"(%x) <{sym_name = "fc", weights = dense<1> : tensor<2x4xsi2>, weight_scale = 0.5 : f64, weight_zero_point = 0 : i64}> : (tensor<4xui8>) -> tensor<2xui8>
    "cnn.output"(%y) : (tensor<2xui8>) -> ()
  }) : () -> ()
}) : () -> ()

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of shape 4x2, its types give 2x4
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x2xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<2x4x4xui8>) {
  // CHECK: cnn.conv @conv: has weights of shape 4x2x2x2, its types give 4x1x2x2
  %y = cnn.conv @conv %x <2x2> groups 2 weights #cnn.seeded<0, tensor<4x2x2x2xsi2>> scale 0.5 : tensor<2x4x4xui8> -> tensor<4x3x3xui8>
  cnn.output %y : tensor<4x3x3xui8>
}

// -----

cnn.network @net(%x: tensor<2x4x4xui8>) {
  // CHECK: cnn.local @local: has weights of shape 4x2x1x1, its types give 16x4x2x1x1
  %y = cnn.local @local %x <1x1> region <1x1> weights #cnn.seeded<0, tensor<4x2x1x1xsi2>> scale 0.5 : tensor<2x4x4xui8> -> tensor<4x4x4xui8>
  cnn.output %y : tensor<4x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight scale -0.5; it must be positive
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale -0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has scale of shape 4, its types give 2
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale dense<0.5> : tensor<4xf32> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight scales that are not of type f32
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale dense<0.5> : tensor<2xf64> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight zero point 2, which is no value of si2
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 zero_point 2 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has bias of shape 4, its types give 2
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 bias #cnn.seeded<1, tensor<4xsi32>> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<2x4x4xui8>) {
  // CHECK: cnn.local @local: has bias of shape 4, its types give 16
  %y = cnn.local @local %x <1x1> region <2x2> weights #cnn.seeded<0, tensor<4x4x2x1x1xsi2>> scale 0.5 bias #cnn.seeded<1, tensor<4xsi32>> : tensor<2x4x4xui8> -> tensor<4x4x4xui8>
  cnn.output %y : tensor<4x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has a bias that is not of type si32
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 bias #cnn.seeded<1, tensor<2xsi16>> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weights of codes without a scale; add one, as in scale 0.5
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight scale -0.5; it must be positive
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale -0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight_scale inf; it must be finite
  %y = "cnn.dense"(%x) <{sym_name = "fc", weights = #cnn.seeded<0, tensor<2x4xsi2>>, weight_scale = 0x7F800000 : f32, weight_zero_point = 0 : i64}> : (tensor<4xui8>) -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has weight scales that are not positive
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale dense<[0.5, 0.0]> : tensor<2xf32> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has values of scale that are not finite
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale dense<"0x0000003F0000807F"> : tensor<2xf32> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has seeded bias of type f32; only integers are drawn from a generator
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 bias #cnn.seeded<0, tensor<2xf32>> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has a bias that is not of type si32
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 bias dense<1.0> : tensor<2xf32> : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has requantize 'exact'; it must be f32-half-even or fixed-point
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 requantize "exact" : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: has requantize ''; it must be f32-half-even or fixed-point
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 requantize "" : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

// Shapes, groups and regions.

cnn.network @net(%x: tensor<1x2x2xui8>) {
  // CHECK: cnn.dense @fc: works on flat tensors; insert cnn.flatten
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<1x2x2xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.dense @fc: works on flat tensors; insert cnn.flatten
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2x1x1xui8>
  cnn.output %y : tensor<2x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.conv @conv: works on feature maps of 3 dimensions: channels x height x width
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<2x4x1x1xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2x1x1xui8>
  cnn.output %y : tensor<2x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.conv @conv: result has shape 2x4x4, its operands give 2x3x3
  %y = cnn.conv @conv %x <2x2> weights #cnn.seeded<0, tensor<2x1x2x2xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<2x4x4xui8>
  cnn.output %y : tensor<2x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.conv @conv: has no window that fits into its input
  %y = cnn.conv @conv %x <5x1> weights #cnn.seeded<0, tensor<2x1x5x1xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<2x1x4xui8>
  cnn.output %y : tensor<2x1x4xui8>
}

// -----

cnn.network @net(%x: tensor<3x1x1xui8>) {
  // CHECK: cnn.conv @conv: has 3 channels in 2 groups
  %y = cnn.conv @conv %x <1x1> groups 2 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 : tensor<3x1x1xui8> -> tensor<2x1x1xui8>
  cnn.output %y : tensor<2x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<3x1x1xui8>) {
  // CHECK: cnn.conv @conv: has 3 channels in 0 groups
  %y = cnn.conv @conv %x <1x1> groups 0 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> scale 0.5 : tensor<3x1x1xui8> -> tensor<2x1x1xui8>
  cnn.output %y : tensor<2x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<4x1x1xui8>) {
  // CHECK: cnn.conv @conv: has 3 output channels in 2 groups
  %y = cnn.conv @conv %x <1x1> groups 2 weights #cnn.seeded<0, tensor<3x2x1x1xsi2>> scale 0.5 : tensor<4x1x1xui8> -> tensor<3x1x1xui8>
  cnn.output %y : tensor<3x1x1xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.local @local: works on feature maps of 3 dimensions: channels x height x width
  %y = cnn.local @local %x <1x1> region <1x1> weights #cnn.seeded<0, tensor<1x2x4x1x1xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.local @local: has regions of 3x2 that do not tile 4x4
  %y = cnn.local @local %x <1x1> region <3x2> weights #cnn.seeded<0, tensor<2x2x1x1x1xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<2x4x4xui8>
  cnn.output %y : tensor<2x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<1x4x4xui8>) {
  // CHECK: cnn.local @local: has a region with strides, pads or dilations; it is a size alone
  %y = cnn.local @local %x <1x1> region <2x2, strides 2x2> weights #cnn.seeded<0, tensor<4x2x1x1x1xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<2x4x4xui8>
  cnn.output %y : tensor<2x4x4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: cnn.dense @fc: has sum_bits 32; leave it out for 32, or give 33 to 53
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 32 : tensor<4xui16> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: cnn.dense @fc: has sum_bits 54; leave it out for 32, or give 33 to 53
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 54 : tensor<4xui16> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: cnn.dense @fc: gives its sums as they are, in 32 bits; leave sum_bits out
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 sum_bits 40 : tensor<4xui16> -> tensor<2xsi32>
  cnn.output %y : tensor<2xsi32>
}

// -----

cnn.network @net(%x: tensor<4xui16>) {
  // CHECK: cnn.dense @fc: requantises sums of 32 bits in fixed point; leave sum_bits out
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi16>> scale 0.5 requantize "fixed-point" sum_bits 40 : tensor<4xui16> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<2xf32>) {
  // CHECK: cnn.dense @fc: works on float32, where sums have no width; leave sum_bits out
  %y = cnn.dense @fc %x weights dense<[[1.0, 0.5]]> : tensor<1x2xf32> sum_bits 40 : tensor<2xf32> -> tensor<1xf32>
  cnn.output %y : tensor<1xf32>
}
