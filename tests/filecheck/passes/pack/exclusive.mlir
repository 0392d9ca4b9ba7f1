// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=exclusive}' | filecheck %s

// A crossbar for each tile, in the order of layers and tiles.

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<2x12xsi2>> scale 0.5 matrix 12x2 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 4, tile 12x1> : tensor<12xui8> -> tensor<2xui8>
  cnn.output %b : tensor<2xui8>
}
// CHECK: vxb.stage 0 {
// CHECK-NEXT: vxb.place @a tiles 0 to 6 crossbars 0 to 6 at [0, 0]
// CHECK-NEXT: vxb.place @b tiles 0 to 8 crossbars 6 to 14 at [0, 0]
// CHECK-NEXT: }
