// RUN: spatem-opt %s --accelerator tiny | filecheck %s --check-prefix=NOTE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack,assign' | filecheck %s --check-prefix=PLACED
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=spatem}' | filecheck %s --check-prefix=OPTION

// Tiles on the PEs that `mvm.spread` names, of 4 crossbars each, which layers take in turn.

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x12xsi2>> scale 0.5 matrix 12x4 windows 1 grid <hwm = 1, wwm = 4, iw = 1 cyclic, ib = 1, tile 12x1> : tensor<12xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
// NOTE: mvm.spread @a pes [2 times 3, 1 times 3]
mvm.spread @a pes [2 times 3, 1 times 3]
// NOTE: mvm.spread @b pes [3, 1, 0, 3]
mvm.spread @b pes [3, 1, 0, 3]

// CHECK-NOT: mvm.spread
// CHECK: vxb.stage 0 in_place {
// CHECK-NEXT: vxb.place @a tiles 0 to 6 crossbars [8 to 11, 4 to 7] at [0, 0]
// CHECK-NEXT: vxb.place @b tiles 0 to 4 crossbars [12, 7, 0, 13] at {{.*}}
// CHECK-NEXT: }

// PLACED: pxb.stage 0 {
// PLACED-NEXT: pxb.place @a tiles 0 to 6 crossbars [8 to 11, 4 to 7] at [0, 0]

// An option goes before the note.

// OPTION-NOT: mvm.spread
// OPTION: vxb.stage 0 {
