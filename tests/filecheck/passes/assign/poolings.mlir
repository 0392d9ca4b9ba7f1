// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign' | filecheck %s --check-prefixes=CHECK,ROWS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{poolings=auto}' | filecheck %s --check-prefixes=CHECK,ROWS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{poolings=whole}' | filecheck %s --check-prefixes=CHECK,WHOLE
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='assign{poolings=half}' 2>&1 | filecheck %s --match-full-lines --check-prefix=POOLINGS

// The copies of a layer are in PEs 0 and 1, and take turns in rows.  The maximum of the map of 4 x 4 takes 16 cycles of a
// pooling unit at one PE; two rows at each PE take 8, and that of 4 rows 4.

// POOLINGS: spatem-opt: assign: unknown poolings 'half'; one of auto, whole

cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5 matrix 1x1 windows 16 grid <hwm = 1, wwm = 1, iw = 2 blocks, ib = 1, tile 1x1> : tensor<1x4x4xui8> -> tensor<1x4x4xui8>
  %p = cnn.max_pool @p %a <4x4> : tensor<1x4x4xui8> -> tensor<1x1x1xui8>
  cnn.output %p : tensor<1x1x1xui8>
}
vxb.stage 0 in_place {
  vxb.place @a tiles 0 to 2 crossbars [0, 4] at [0, 0]
}

// CHECK: pxb.place @a tiles 0 to 2 crossbars [0, 4]
// CHECK-NEXT: pxb.home @a pes [0 times 8, 1 times 8]
// WHOLE-NEXT: pxb.home @p pes 0
// ROWS-NEXT: pxb.home @p.sums pes [0 times 2, 1 times 2]
// ROWS-NEXT: pxb.home @p pes 0
