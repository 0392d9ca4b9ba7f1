// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign{method=sequential},order' | filecheck %s

// A residual block: channels are shuffled on the way through the layers and, beside the layers, the
// input is widened by padding.  A value that is read twice by one operator is sent once.

cnn.network @net(%x: tensor<4x2x2xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<8x4x1x1xsi2>> scale 0.5 : tensor<4x2x2xui8> -> tensor<8x2x2xui8>
  %g = cnn.flatten %a : tensor<8x2x2xui8> -> tensor<2x4x2x2xui8>
  %t = cnn.transpose %g [1, 0, 2, 3] : tensor<2x4x2x2xui8> -> tensor<4x2x2x2xui8>
  %s = cnn.flatten %t : tensor<4x2x2x2xui8> -> tensor<8x2x2xui8>
  %b = cnn.conv @b %s <1x1> groups 2 weights #cnn.seeded<1, tensor<8x4x1x1xsi2>> scale 0.5 : tensor<8x2x2xui8> -> tensor<8x2x2xui8>
  %p = cnn.pad @p %x before [0, 0, 0] after [4, 0, 0] value 0.0 : tensor<4x2x2xui8> -> tensor<8x2x2xui8>
  %y = cnn.add @y %b, %p, %b : tensor<8x2x2xui8>, tensor<8x2x2xui8>, tensor<8x2x2xui8> -> tensor<8x2x2xui8>
  %z = cnn.leaky_relu @z %y slope 0.125 : tensor<8x2x2xui8> -> tensor<8x2x2xui8>
  cnn.output %z : tensor<8x2x2xui8>
}

// A layer with groups has a slice for each, and so have the operators behind it.

// CHECK:      pxb.home @a pes 0
// CHECK-NEXT: pxb.home @b pes 0 times 2
// CHECK-NEXT: pxb.home @p pes 0
// CHECK-NEXT: pxb.home @y pes 0 times 2
// CHECK-NEXT: pxb.home @z pes 0 times 2

// CHECK-NEXT: }
