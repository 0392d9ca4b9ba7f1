// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK: cnn.network @forms(%x: tensor<4x9x9xui8>, %signed: tensor<2x!cnn.quant<si4, 1.0e-07, -8>>) attributes {ranges = [#cnn.range<-1.5, 2.0>]} {
cnn.network @forms(%x: tensor<4x9x9xui8>, %signed: tensor<2x!cnn.quant<si4, 0.0000001, -8>>) attributes {ranges = [#cnn.range<-1.50, 2>]} {

  // A window's strides, pads and dilations are printed where they differ from their defaults.

  // CHECK-NEXT: %a = cnn.conv @window1 %x <3x2> weights #cnn.seeded<0, tensor<1x4x3x2xsi2>> scale 1.0 : tensor<4x9x9xui8> -> tensor<1x7x8xui8>
  %a = cnn.conv @window1 %x <3x2, dilations 1x1, pads [0, 0, 0, 0], strides 1x1> weights #cnn.seeded<0, tensor<1x4x3x2xsi2>> scale 1 : tensor<4x9x9xui8> -> tensor<1x7x8xui8>

  // CHECK-NEXT: %b = cnn.conv @window2 %x <3x3, strides 2x1, pads [1, 2, 3, 4], dilations 2x3> weights #cnn.seeded<0, tensor<1x4x3x3xsi2>> scale 1.0 : tensor<4x9x9xui8> -> tensor<1x5x9xui8>
  %b = cnn.conv @window2 %x <3x3, dilations 2x3, pads [1, 2, 3, 4], strides 2x1> weights #cnn.seeded<0, tensor<1x4x3x3xsi2>> scale 1.0 : tensor<4x9x9xui8> -> tensor<1x5x9xui8>

  // Weights, scale and bias are generated, in a file or inline.

  // CHECK-NEXT: %c = cnn.conv @groups %x <1x1> groups 2 weights #cnn.file<"net.onnx", "conv.weight", "0123456789abcdef", tensor<2x2x1x1xui8>> scale 0.12345679 zero_point 128 bias #cnn.seeded<7, tensor<2xsi32>> : tensor<4x9x9xui8> -> tensor<2x9x9xui8>
  %c = cnn.conv @groups %x <1x1> groups 2 weights #cnn.file<"net.onnx", "conv.weight", "0123456789abcdef", tensor<2x2x1x1xui8>> scale 0.123456789 zero_point 128 bias #cnn.seeded<7, tensor<2xsi32>> : tensor<4x9x9xui8> -> tensor<2x9x9xui8>

  // CHECK-NEXT: %d = cnn.dense @inline %signed weights dense<{{\[\[}}1, -2], [0, 1]]> : tensor<2x2xsi2> scale dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32> bias dense<[7, -7]> : tensor<2xsi32> : tensor<2x!cnn.quant<si4, 1.0e-07, -8>> -> tensor<2x!cnn.quant<ui8, 0.25>>
  %d = cnn.dense @inline %signed weights dense<[[1, -2], [0, 1]]> : tensor<2x2xsi2> scale dense<[0.5, 0.25]> : tensor<2xf32> bias dense<[7, -7]> : tensor<2xsi32> : tensor<2x!cnn.quant<si4, 1.0e-07, -8>> -> tensor<2x!cnn.quant<ui8, 0.25>>

  // CHECK-NEXT: %e = cnn.dense @file %d weights #cnn.seeded<1, tensor<3x2xsi16>> scale #cnn.file<"net.npz", "scale", "0123456789abcdef", tensor<3xf32>> zero_point -1 bias #cnn.file<"net.npz", "bias", "0123456789abcdef", tensor<3xsi32>> : tensor<2x!cnn.quant<ui8, 0.25>> -> tensor<3xui16>
  %e = cnn.dense @file %d weights #cnn.seeded<1, tensor<3x2xsi16>> scale #cnn.file<"net.npz", "scale", "0123456789abcdef", tensor<3xf32>> zero_point -1 bias #cnn.file<"net.npz", "bias", "0123456789abcdef", tensor<3xsi32>> : tensor<2x!cnn.quant<ui8, 0.25>> -> tensor<3xui16>

  // CHECK-NEXT: %f = cnn.local @bias_of_each_region %x <9x1> region <1x3> weights #cnn.seeded<0, tensor<3x2x4x9x1xsi2>> scale 1.0 bias #cnn.seeded<1, tensor<6xsi32>> : tensor<4x9x9xui8> -> tensor<2x1x9xui8>
  %f = cnn.local @bias_of_each_region %x <9x1> region <1x3> weights #cnn.seeded<0, tensor<3x2x4x9x1xsi2>> scale 1.0 bias #cnn.seeded<1, tensor<6xsi32>> : tensor<4x9x9xui8> -> tensor<2x1x9xui8>

  // Any op takes more attributes.

  // CHECK-NEXT: %g = cnn.flatten %f {note = "kept"} : tensor<2x1x9xui8> -> tensor<3x6x1xui8>
  %g = cnn.flatten %f {note = "kept"} : tensor<2x1x9xui8> -> tensor<3x6x1xui8>

  // CHECK-NEXT: cnn.output %e : tensor<3xui16>
  cnn.output %e : tensor<3xui16>
}
