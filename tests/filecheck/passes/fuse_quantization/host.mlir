// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// What is before the first quantisation and behind the last dequantisation stays float32.

// CHECK: cnn.network @host(%image: tensor<1x2x2xf32>, %unused: tensor<4xui8>) {
cnn.network @host(%image: tensor<1x2x2xf32>, %unused: tensor<4xui8>) {
  // CHECK-NEXT: %scaled = cnn.affine @scaled %image scale dense<5.000000e-01> : tensor<1xf32> shift dense<0.000000e+00> : tensor<1xf32> : tensor<1x2x2xf32> -> tensor<1x2x2xf32>
  %scaled = cnn.affine @scaled %image scale dense<0.5> : tensor<1xf32> shift dense<0.0> : tensor<1xf32> : tensor<1x2x2xf32> -> tensor<1x2x2xf32>
  // CHECK-NEXT: %codes = cnn.quantize %scaled : tensor<1x2x2xf32> -> tensor<1x2x2xui8>
  %codes = cnn.quantize %scaled : tensor<1x2x2xf32> -> tensor<1x2x2xui8>
  %real = cnn.dequantize %codes : tensor<1x2x2xui8> -> tensor<1x2x2xf32>
  // CHECK-NEXT: %flat = cnn.flatten %codes : tensor<1x2x2xui8> -> tensor<4xui8>
  %flat = cnn.flatten %real : tensor<1x2x2xf32> -> tensor<4xf32>
  // CHECK-NEXT: %dense_real = cnn.dense @dense %flat weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xui8> -> tensor<2x!cnn.quant<si8, 0.5>>
  %dense_real = cnn.dense @dense %flat weights #cnn.seeded<0, tensor<2x4xsi8>> scale 0.5 : tensor<4xf32> -> tensor<2xf32>
  %dense = cnn.quantize %dense_real : tensor<2xf32> -> tensor<2x!cnn.quant<si8, 0.5>>
  // CHECK-NEXT: %logits = cnn.dequantize %dense_real : tensor<2x!cnn.quant<si8, 0.5>> -> tensor<2xf32>
  %logits = cnn.dequantize %dense : tensor<2x!cnn.quant<si8, 0.5>> -> tensor<2xf32>
  // CHECK-NEXT: %softmax = cnn.softmax @softmax %logits : tensor<2xf32> -> tensor<2xf32>
  %softmax = cnn.softmax @softmax %logits : tensor<2xf32> -> tensor<2xf32>

  // Nobody reads this.

  %more = cnn.dequantize %unused : tensor<4xui8> -> tensor<4xf32>
  %relu = cnn.relu @relu %more : tensor<4xf32> -> tensor<4xf32>
  // CHECK-NEXT: cnn.output %softmax : tensor<2xf32>
  cnn.output %softmax : tensor<2xf32>
}
