// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack,assign' | filecheck %s --check-prefix=PLACED
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=floor-plan},assign' | filecheck %s --check-prefix=WHOLE
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=spatem spare=1}' 2>&1 | filecheck %s --check-prefix=SPARE

// SPARE: pack: spare has an effect with method=floor-plan only; leave it out

// Tiles one after the other round the chip, down its first column and up its second: 6 of @a and 16 of @b on
// the 12 crossbars of PEs 2, 3 and 1. Four tiles of @b add to the same results: they begin with a PE, and the
// last 4 are a second lap.

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  %b = mvm.layer @b %a <1x1> weights #cnn.seeded<1, tensor<4x12xsi2>> scale 0.5 matrix 12x4 windows 1 grid <hwm = 1, wwm = 4, iw = 1 cyclic, ib = 4, tile 12x1> : tensor<12xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
mvm.packing "floor-plan" spare 1

// CHECK: vxb.stage 0 in_place {
// CHECK-NEXT: vxb.place @a tiles 0 to 6 crossbars 8 to 14
// CHECK-NEXT: vxb.place @b tiles 0 to 12 crossbars 4 to 16
// CHECK-NEXT: vxb.place @b tiles 12 to 16 crossbars 4 to 8
// CHECK-NEXT: }

// A stage that was packed in place is assigned as it is.

// PLACED: pxb.stage 0 {
// PLACED-NEXT: pxb.place @a tiles 0 to 6 crossbars 8 to 14

// An option goes before the note.

// WHOLE: pxb.stage 0 {
// WHOLE-NEXT: pxb.place @a tiles 0 to 6 crossbars [0 to 4, 8 to 10]
