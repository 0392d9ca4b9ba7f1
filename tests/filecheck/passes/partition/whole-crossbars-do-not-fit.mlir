// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=isaac stages=1}' 2>&1 | filecheck %s --match-full-lines
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=hitm stages=1}' 2>&1 | filecheck %s --match-full-lines

// Two layers of 9 tiles: together they would share crossbars, alone they need 18.

// CHECK: spatem-opt: the network does not fit: one copy of each layer in crossbars of its own needs 18 crossbars, 'tiny' has 16; strategies spatem and minimum let layers share crossbars

cnn.network @net(%x: tensor<4xui8>) {
  %a = cnn.dense @a %x weights #cnn.seeded<0, tensor<144x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<144xui8>
  %b = cnn.dense @b %a weights #cnn.seeded<1, tensor<4x144xsi2>> scale 0.5 : tensor<144xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
