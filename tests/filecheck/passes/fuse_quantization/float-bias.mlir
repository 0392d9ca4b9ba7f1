// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' --weights %t.npz | filecheck %s
// RUN: not spatem-opt %s --pass-pipeline='fuse-quantization' 2>&1 | filecheck %s --check-prefix=FILE --match-full-lines

// A float32 bias becomes codes in units of input scale · weight scale: here [4, -8] (0.5 · 0.25
// and 0.5 · 0.5), which is an array of a file.

// FILE: spatem-opt: {{.*}}float-bias.mlir: the computed weights need a file; give -o or --weights

cnn.network @bias(%x: tensor<2x!cnn.quant<ui8, 0.5>>) {
  %x_real = cnn.dequantize %x : tensor<2x!cnn.quant<ui8, 0.5>> -> tensor<2xf32>
  // CHECK: %dense_real = cnn.dense @dense %x weights dense<{{.*}}> : tensor<2x2xsi8> scale dense<[2.500000e-01, 5.000000e-01]> : tensor<2xf32> bias #cnn.file<"{{.*}}.npz", "dense.bias", "{{[0-9a-f]+}}", tensor<2xsi32>> : tensor<2x!cnn.quant<ui8, 0.5>> -> tensor<2xsi8>
  %dense_real = cnn.dense @dense %x_real weights dense<[[1, 2], [3, 4]]> : tensor<2x2xsi8> scale dense<[0.25, 0.5]> : tensor<2xf32> bias dense<[0.5, -2.0]> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %dense = cnn.quantize %dense_real : tensor<2xf32> -> tensor<2xsi8>
  cnn.output %dense : tensor<2xsi8>
}
