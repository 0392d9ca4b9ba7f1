// RUN: spatem-opt %s --split-input-file --parsing-diagnostics | filecheck %s --match-full-lines

// CHECK: expected an integer storage type, as in ui8
"test.op"() : () -> tensor<2x!cnn.quant<f32, 0.5>>

// -----

// CHECK: storage type i8 must be signed or unsigned
"test.op"() : () -> tensor<2x!cnn.quant<i8, 0.5>>

// -----

// CHECK: storage type ui33 must have from 1 to 32 bits
"test.op"() : () -> tensor<2x!cnn.quant<ui33, 0.5>>

// -----

// CHECK: storage type ui0 must have from 1 to 32 bits
"test.op"() : () -> tensor<2x!cnn.quant<ui0, 0.5>>

// -----

// CHECK: scale -0.5 must be positive and finite
"test.op"() : () -> tensor<2x!cnn.quant<ui8, -0.5>>

// -----

// CHECK: scale 0.0 must be positive and finite
"test.op"() : () -> tensor<2x!cnn.quant<ui8, 1.0e-60>>

// -----

// CHECK: 1e+39 exceeds the range of float32
"test.op"() : () -> tensor<2x!cnn.quant<ui8, 1.0e39>>

// -----

// CHECK: inf exceeds the range of float32
"test.op"() : () -> tensor<2x!cnn.quant<ui8, 1.0e400>>

// -----

// CHECK: zero point 256 is no value of ui8
"test.op"() : () -> tensor<2x!cnn.quant<ui8, 0.5, 256>>

// -----

// CHECK: zero point -9 is no value of si4
"test.op"() : () -> tensor<2x!cnn.quant<si4, 0.5, -9>>

// -----

// CHECK: integer or float literal expected
"test.op"() : () -> tensor<2x!cnn.quant<ui8, half>>

// -----

// CHECK: expected two numbers of at least 1, as in 3x3
"test.op"() {window = #cnn.window<3>} : () -> ()

// -----

// CHECK: expected two numbers of at least 1, as in 3x3
"test.op"() {window = #cnn.window<3x0>} : () -> ()

// -----

// CHECK: expected two numbers of at least 1, as in 3x3
"test.op"() {window = #cnn.window<?x3>} : () -> ()

// -----

// CHECK: expected two numbers of at least 1, as in 3x3
"test.op"() {window = #cnn.window<3x3, strides 0x1>} : () -> ()

// -----

// CHECK: expected two numbers of at least 1, as in 3x3
"test.op"() {window = #cnn.window<3x3, dilations 1>} : () -> ()

// -----

// CHECK: expected four pads: [top, left, bottom, right]
"test.op"() {window = #cnn.window<3x3, pads [1, 1]>} : () -> ()

// -----

// CHECK: Expected integer literal
"test.op"() {window = #cnn.window<3x3, pads [1, 1, -1, 1]>} : () -> ()

// -----

// CHECK: Expected one of 'columns', 'dilations', 'pads', 'rows', 'strides'
"test.op"() {window = #cnn.window<3x3, padding [1, 1, 1, 1]>} : () -> ()

// -----

// CHECK: expected a tensor type, as in tensor<2x4xsi8>
"test.op"() {weights = #cnn.seeded<3, f32>} : () -> ()

// -----

// CHECK: Expected integer literal
"test.op"() {weights = #cnn.seeded<-3, tensor<2x4xsi8>>} : () -> ()

// -----

// CHECK: expected a tensor type, as in tensor<2x4xsi8>
"test.op"() {weights = #cnn.file<"net.onnx", "weight", "0123456789abcdef", f32>} : () -> ()

// -----

// CHECK: string literal expected
"test.op"() {weights = #cnn.file<"net.onnx", "weight", tensor<2x4xsi8>>} : () -> ()

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: 1e+39 exceeds the range of float32
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 1.0e39 : tensor<4xui8> -> tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: Expected 'weights'
  %y = cnn.dense @fc %x scale 0.5 : tensor<4xui8> -> tensor<2xui8>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: 1e+39 exceeds the range of float32
  %y = cnn.leaky_relu @op %x slope 1.0e39 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: -inf exceeds the range of float32
  %y = cnn.leaky_relu @op %x slope -1.0e400 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: integer or float literal expected
  %y = cnn.leaky_relu @op %x slope inf : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: Expected 'slope'
  %y = cnn.leaky_relu @op %x : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: integer or float literal expected
  %y = cnn.clip @op %x from nan to 1.0 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: 1e+39 exceeds the range of float32
  %y = cnn.clip @op %x from 0.0 to 1.0e39 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: 1000000000000000000000000000000000000000 exceeds the range of float32
  %y = cnn.clip @op %x to 1000000000000000000000000000000000000000 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: integer or float literal expected
  %y = cnn.batch_norm @op %x scale dense<1.0> : tensor<4xf32> shift dense<1.0> : tensor<4xf32> mean dense<1.0> : tensor<4xf32> variance dense<1.0> : tensor<4xf32> epsilon small : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: 1e+60 exceeds the range of float32
  %y = cnn.batch_norm @op %x scale dense<1.0> : tensor<4xf32> shift dense<1.0> : tensor<4xf32> mean dense<1.0> : tensor<4xf32> variance dense<1.0> : tensor<4xf32> epsilon 1.0e60 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: 1e+39 exceeds the range of float32
  %y = cnn.lrn @op %x size 5 alpha 1.0e39 beta 0.75 bias 1.0 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: Expected integer literal
  %y = cnn.lrn @op %x size 1.5 alpha 1.0 beta 0.75 bias 1.0 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: Expected 'value'
  %y = cnn.pad @op %x before [1] after [1] : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: Expected integer literal
  %y = cnn.pad @op %x before [0.5] after [1] value 0.0 : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: Expected integer literal
  %y = cnn.transpose %x [first] : tensor<4xf32> -> tensor<4xf32>
}

// -----

cnn.network @net(%x: tensor<4xf32>) {
  // CHECK: expect symbol name
  %y = cnn.softmax %x : tensor<4xf32> -> tensor<4xf32>
}

// -----

// CHECK: range from 1.0 to -1.0 is empty or infinite
"test.op"() {range = #cnn.range<1.0, -1.0>} : () -> ()

// -----

// CHECK: 1e+39 exceeds the range of float32
"test.op"() {range = #cnn.range<0.0, 1.0e39>} : () -> ()

// -----

// CHECK: integer or float literal expected
"test.op"() {range = #cnn.range<nan, 1.0>} : () -> ()
