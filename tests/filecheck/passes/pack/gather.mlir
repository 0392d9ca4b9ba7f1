// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s --check-prefixes=CHECK,GATHER
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{gather=false}' | filecheck %s --check-prefixes=CHECK,SPREAD

// Four crossbars to a PE.  The three tiles of a column block stay in one of them; one by one the
// second block would begin in the first PE and end in the second.

cnn.network @net(%x: tensor<18xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<32x18xsi2>> scale 0.5 matrix 18x32 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x16> : tensor<18xui8> -> tensor<32xui8>
  cnn.output %y : tensor<32xui8>
}
// CHECK: vxb.stage 0 {
// GATHER-NEXT: vxb.place @fc tiles 0 to 6 crossbars [0 to 3, 4 to 7] at [0, 0]
// SPREAD-NEXT: vxb.place @fc tiles 0 to 6 crossbars 0 to 6 at [0, 0]
// CHECK-NEXT: }
