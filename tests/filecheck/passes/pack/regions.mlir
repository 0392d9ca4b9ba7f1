// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s

// Each layer on the PEs of its region, behind the spare one, down the first column and up the second: @a on PE 2, @b on
// PEs 3 and 1.

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x12xsi2>> scale 0.5 matrix 12x4 windows 1 grid <hwm = 1, wwm = 4, iw = 1 cyclic, ib = 2, tile 12x1> : tensor<12xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
mvm.packing "floor-plan" spare 1 regions <0 to 2> pes <[1, 2]>

// CHECK: vxb.stage 0 in_place {
// CHECK-NEXT: vxb.place @a tiles 0 to 4 crossbars 8 to 12
// CHECK-NEXT: vxb.place @a tiles 4 to 6 crossbars 8 to 10
// CHECK-NEXT: vxb.place @b tiles 0 to 8 crossbars [12 to 16, 4 to 8]
// CHECK-NEXT: }
