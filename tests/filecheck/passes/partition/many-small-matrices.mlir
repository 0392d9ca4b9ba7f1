// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem}' | filecheck %s

// A depthwise convolution has a matrix for each channel: 40 tiles for one layer on 16 crossbars.
// More tiles than layers share a crossbar then; whether they fit is found out by `pack`.

cnn.network @net(%x: tensor<40x3x3xui8>) {
  // CHECK: mvm.layer @depthwise {{.*}} matrix 40 of 9x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x1>
  %y = cnn.conv @depthwise %x <3x3> groups 40 weights #cnn.seeded<0, tensor<40x1x3x3xsi2>> scale 0.5 : tensor<40x3x3xui8> -> tensor<40x1x1xui8>
  cnn.output %y : tensor<40x1x1xui8>
}
