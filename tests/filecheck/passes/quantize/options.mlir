// RUN: spatem-opt %s --pass-pipeline='quantize' --weights %t.npz | filecheck %s --check-prefixes=CHECK,DEFAULT
// RUN: spatem-opt %s --pass-pipeline='quantize{weight-bits=4 activation-bits=2}' --weights %t.npz | filecheck %s --check-prefixes=CHECK,BITS
// RUN: spatem-opt %s --pass-pipeline='quantize{per=tensor}' --weights %t.npz | filecheck %s --check-prefixes=CHECK,TENSOR
// RUN: spatem-opt %s --pass-pipeline='quantize{requantize=fixed-point}' --weights %t.npz | filecheck %s --check-prefixes=CHECK,FIXED
// RUN: spatem-opt %s --pass-pipeline='quantize{per=tensor weight-bits=2}' --weights %t.npz | filecheck %s --check-prefix=AUTO
// RUN: spatem-opt %s --pass-pipeline='quantize{per=tensor weight-bits=2 scale=mse}' --weights %t.npz | filecheck %s --check-prefix=AUTO
// RUN: spatem-opt %s --pass-pipeline='quantize{per=tensor weight-bits=2 scale=max-abs}' --weights %t.npz | filecheck %s --check-prefix=MAXIMUM

// CHECK: cnn.network @net(%x: tensor<4xf32>) {
cnn.network @net(%x: tensor<4xf32>) attributes {input_ranges = [#cnn.range<0.0, 127.5>]} {
  // DEFAULT: cnn.dense @dense %x_codes weights #cnn.file<"{{.*}}.npz", "dense.weights", {{.*}}, tensor<2x4xsi8>> scale #cnn.file<"{{.*}}.npz", "dense.scale", {{.*}}, tensor<2xf32>> : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<2x!cnn.quant<si8, 0.25>>
  // BITS: cnn.dense @dense %x_codes weights #cnn.file<"{{.*}}.npz", "dense.weights", {{.*}}, tensor<2x4xsi4>> scale #cnn.file<"{{.*}}.npz", "dense.scale", {{.*}}, tensor<2xf32>> : tensor<4x!cnn.quant<ui2, 42.5>> -> tensor<2x!cnn.quant<si2, 31.75>>
  // TENSOR: cnn.dense @dense %x_codes weights #cnn.file<"{{.*}}.npz", "dense.weights", {{.*}}, tensor<2x4xsi8>> scale 0.25 : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<2x!cnn.quant<si8, 0.25>>
  // FIXED: cnn.dense @dense %x_codes weights #cnn.file<"{{.*}}.npz", "dense.weights", {{.*}}, tensor<2x4xsi8>> scale #cnn.file<"{{.*}}.npz", "dense.scale", {{.*}}, tensor<2xf32>> requantize "fixed-point" : tensor<4x!cnn.quant<ui8, 0.5>> -> tensor<2x!cnn.quant<si8, 0.25>>

  // The search finds a smaller scale than that of the one large weight.

  // AUTO: tensor<2x4xsi2>> scale 18.{{[0-9]+}} :
  // MAXIMUM: tensor<2x4xsi2>> scale 31.75 :
  %dense = cnn.dense @dense %x weights dense<[[31.75, 1.0, 2.0, 3.0], [15.0, 15.0, 15.0, 15.0]]> : tensor<2x4xf32> {range = #cnn.range<-31.75, 31.75>} : tensor<4xf32> -> tensor<2xf32>
  cnn.output %dense : tensor<2xf32>
}
