// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// CHECK: cnn.network @net: must end with cnn.output
cnn.network @net(%x: tensor<4xui8>) {
  "test.termop"() : () -> ()
}

// -----

// CHECK: Operation cnn.network contains empty block in single-block region that expects at least a terminator
cnn.network @net(%x: tensor<4xui8>) {
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: 'cnn.output' must be the last operation in its parent block
  cnn.output %x : tensor<4xui8>
  %y = cnn.relu @relu %x : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  // CHECK: cnn.output: names no output
  cnn.output :
}

// -----

// CHECK: cnn.network @net: works on tensors of known shape, such as tensor<4xui8>, not on ui8
cnn.network @net(%x: tensor<4xui8>, %y: ui8) {
  cnn.output %x : tensor<4xui8>
}

// -----

// CHECK: cnn.network @net: works on tensors of known shape, such as tensor<4xui8>, not on tensor<?xui8>
cnn.network @net(%x: tensor<?xui8>) {
  cnn.output %x : tensor<?xui8>
}

// -----

// CHECK: cnn.network @net: has two operations named @relu; names must be unique
cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.relu @relu %x : tensor<4xui8> -> tensor<4xui8>
  %z = cnn.relu @relu %y : tensor<4xui8> -> tensor<4xui8>
  cnn.output %z : tensor<4xui8>
}

// -----

// CHECK: cnn.network @net: has two operations named @same; names must be unique
cnn.network @net(%x: tensor<4xf32>) {
  %y = cnn.softmax @same %x : tensor<4xf32> -> tensor<4xf32>
  %z = cnn.add @same %y, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  cnn.output %z : tensor<4xf32>
}

// -----

cnn.network @first(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}
// CHECK: cnn.network @second: is the second network of its module; one module holds one network
cnn.network @second(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}

// -----

"test.op"() ({
  // CHECK: 'cnn.network' expects parent op 'builtin.module'
  cnn.network @net(%x: tensor<4xui8>) {
    cnn.output %x : tensor<4xui8>
  }
  "test.termop"() : () -> ()
}) : () -> ()

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.output' expects parent op 'cnn.network'
cnn.output %x : tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<1x4x4xui8>
// CHECK: 'cnn.max_pool' expects parent op 'cnn.network'
%y = cnn.max_pool @pool %x <1x1> : tensor<1x4x4xui8> -> tensor<1x4x4xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.relu' expects parent op 'cnn.network'
%y = cnn.relu @relu %x : tensor<4xui8> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.flatten' expects parent op 'cnn.network'
%y = cnn.flatten %x : tensor<4xui8> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.concat' expects parent op 'cnn.network'
%y = cnn.concat %x : tensor<4xui8> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xf32>
// CHECK: 'cnn.quantize' expects parent op 'cnn.network'
%y = cnn.quantize %x : tensor<4xf32> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.dequantize' expects parent op 'cnn.network'
%y = cnn.dequantize %x : tensor<4xui8> -> tensor<4xf32>

// -----

%x = "test.op"() : () -> tensor<4xf32>
// CHECK: 'cnn.softmax' expects parent op 'cnn.network'
%y = cnn.softmax @softmax %x : tensor<4xf32> -> tensor<4xf32>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.dense' expects parent op 'cnn.network'
%y = cnn.dense @dense %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<2xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.add' expects parent op 'cnn.network'
%y = cnn.add @add %x : tensor<4xui8> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.requantize' expects parent op 'cnn.network'
%y = cnn.requantize @requantize %x : tensor<4xui8> -> tensor<4xsi8>

// -----

%x = "test.op"() : () -> tensor<4xui8>
// CHECK: 'cnn.transpose' expects parent op 'cnn.network'
%y = cnn.transpose %x [0] : tensor<4xui8> -> tensor<4xui8>

// -----

%x = "test.op"() : () -> tensor<4xf32>
// CHECK: 'cnn.pad' expects parent op 'cnn.network'
%y = cnn.pad @pad %x before [0] after [0] value 0.0 : tensor<4xf32> -> tensor<4xf32>

// -----

%x = "test.op"() : () -> tensor<4xf32>
// CHECK: 'cnn.batch_norm' expects parent op 'cnn.network'
%y = cnn.batch_norm @norm %x scale dense<1.0> : tensor<4xf32> shift dense<1.0> : tensor<4xf32> mean dense<1.0> : tensor<4xf32> variance dense<1.0> : tensor<4xf32> epsilon 0.001 : tensor<4xf32> -> tensor<4xf32>

// -----

// CHECK: cnn.network @net: reads %b in cnn.relu before it is computed
cnn.network @net(%x: tensor<4xf32>) {
  %a = cnn.relu @first %b : tensor<4xf32> -> tensor<4xf32>
  %b = cnn.relu @second %x : tensor<4xf32> -> tensor<4xf32>
  cnn.output %a : tensor<4xf32>
}
