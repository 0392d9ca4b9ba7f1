// RUN: spatem-opt %s --split-input-file | spatem-opt --split-input-file | filecheck %s
// RUN: spatem-opt %s --split-input-file --print-op-generic | spatem-opt --split-input-file | filecheck %s

cnn.network @net(%x: tensor<4xui8>) {
  %a = cnn.dense @fc.0 %x weights #cnn.part<#cnn.seeded<0, tensor<2x8xsi2>>, [0, 4], tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xsi32>
  %b = cnn.dense @fc.1 %x weights #cnn.part<#cnn.seeded<0, tensor<2x8xsi2>>, 0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xsi32>
  %y = cnn.accumulate @fc %a, %b input_scale 0.25 scale 0.5 bias dense<[1, 2]> : tensor<2xsi32> requantize "fixed-point" {saturate = array<i64: 0, 6>} : tensor<2xsi32>, tensor<2xsi32> -> tensor<2xui8>
  %z = cnn.accumulate @fz %a input_scale 0.25 scale dense<[0.5, 1.0]> : tensor<2xf32> bias dense<1.0> : tensor<2xf32> : tensor<2xsi32> -> tensor<2xf32>
  cnn.output %y, %z : tensor<2xui8>, tensor<2xf32>
}

// CHECK: cnn.dense @fc.0 %x weights #cnn.part<#cnn.seeded<0, tensor<2x8xsi2>>, [0, 4], tensor<2x4xsi2>> scale 0.5
// CHECK: cnn.dense @fc.1 %x weights #cnn.part<#cnn.seeded<0, tensor<2x8xsi2>>, 0, tensor<2x4xsi2>> scale 0.5
// CHECK: %y = cnn.accumulate @fc %a, %b input_scale 0.25 scale 0.5 bias dense<[1, 2]> : tensor<2xsi32> requantize "fixed-point" {saturate = array<i64: 0, 6>} : tensor<2xsi32>, tensor<2xsi32> -> tensor<2xui8>
// CHECK: %z = cnn.accumulate @fz %a input_scale 0.25 scale dense<[5.000000e-01, 1.000000e+00]> : tensor<2xf32> bias dense<1.000000e+00> : tensor<2xf32> : tensor<2xsi32> -> tensor<2xf32>
