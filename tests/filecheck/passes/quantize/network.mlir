// RUN: spatem-opt %s --pass-pipeline='quantize' --weights %t.npz | filecheck %s --match-full-lines
// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s --check-prefix=FILE --match-full-lines

// FILE: spatem-opt: {{.*}}network.mlir: the computed weights need a file; give -o or --weights

// A scale is the largest magnitude over the largest code: 255 if nothing is negative, else 127.  The
// ranges are gone.

// CHECK: cnn.network @net(%x: tensor<2x4x4xf32>) {
// CHECK-NEXT: %x_codes = cnn.quantize %x : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<ui8, 0.5>>
cnn.network @net(%x: tensor<2x4x4xf32>) attributes {input_ranges = [#cnn.range<0.0, 127.5>]} {
  // What a convolution gives is read behind the ReLU and the pooling, and so has their range.

  // CHECK-NEXT: %conv = cnn.conv @conv %x_codes <1x1> weights #cnn.file<"{{.*}}.npz", "conv.weights", "{{[0-9a-f]+}}", tensor<2x2x1x1xsi8>> scale #cnn.file<"{{.*}}.npz", "conv.scale", "{{[0-9a-f]+}}", tensor<2xf32>> bias #cnn.file<"{{.*}}.npz", "conv.bias", "{{[0-9a-f]+}}", tensor<2xsi32>> : tensor<2x4x4x!cnn.quant<ui8, 0.5>> -> tensor<2x4x4x!cnn.quant<ui8, 0.25>>
  %conv = cnn.conv @conv %x <1x1> weights dense<[[[[1.0]], [[0.5]]], [[[-2.0]], [[1.0]]]]> : tensor<2x2x1x1xf32> bias dense<1.0> : tensor<2xf32> {range = #cnn.range<-500.0, 500.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %relu = cnn.relu @relu %conv {range = #cnn.range<0.0, 500.0>} : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %pool = cnn.max_pool @pool %conv <2x2, strides 2x2> : tensor<2x4x4x!cnn.quant<ui8, 0.25>> -> tensor<2x2x2x!cnn.quant<ui8, 0.25>>
  %pool = cnn.max_pool @pool %relu <2x2, strides 2x2> {range = #cnn.range<1.0, 63.75>} : tensor<2x4x4xf32> -> tensor<2x2x2xf32>

  // A digital operator that computes has a code of its own.

  // CHECK-NEXT: %sum = cnn.add @sum %pool, %pool : tensor<2x2x2x!cnn.quant<ui8, 0.25>>, tensor<2x2x2x!cnn.quant<ui8, 0.25>> -> tensor<2x2x2x!cnn.quant<ui8, 0.5>>
  %sum = cnn.add @sum %pool, %pool {range = #cnn.range<2.0, 127.5>} : tensor<2x2x2xf32>, tensor<2x2x2xf32> -> tensor<2x2x2xf32>
  // CHECK-NEXT: %flat = cnn.flatten %sum : tensor<2x2x2x!cnn.quant<ui8, 0.5>> -> tensor<8x!cnn.quant<ui8, 0.5>>
  %flat = cnn.flatten %sum {range = #cnn.range<2.0, 127.5>} : tensor<2x2x2xf32> -> tensor<8xf32>

  // One output channel: its scale is a number.

  // CHECK-NEXT: %dense = cnn.dense @dense %flat weights #cnn.file<"{{.*}}.npz", "dense.weights", "{{[0-9a-f]+}}", tensor<1x8xsi8>> scale 0.25 : tensor<8x!cnn.quant<ui8, 0.5>> -> tensor<1x!cnn.quant<si8, 2.0>>
  %dense = cnn.dense @dense %flat weights dense<31.75> : tensor<1x8xf32> {range = #cnn.range<-254.0, 200.0>} : tensor<8xf32> -> tensor<1xf32>

  // The output is float32, as in the model.

  // CHECK-NEXT: %[[REAL:.*]] = cnn.dequantize %dense : tensor<1x!cnn.quant<si8, 2.0>> -> tensor<1xf32>
  // CHECK-NEXT: cnn.output %[[REAL]] : tensor<1xf32>
  cnn.output %dense : tensor<1xf32>
}
