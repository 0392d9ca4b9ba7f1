// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign' | filecheck %s --check-prefixes=CHECK,PARTS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{pieces=parts}' | filecheck %s --check-prefixes=CHECK,PARTS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='assign{pieces=whole}' | filecheck %s --check-prefixes=CHECK,WHOLE
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='assign{pieces=half}' 2>&1 | filecheck %s --match-full-lines --check-prefix=PIECES

// A layer's results are in two pieces, one for each column part; those of what follows as well, or
// in one.

// PIECES: spatem-opt: assign: unknown pieces 'half'; one of parts, whole

cnn.network @net(%x: tensor<4xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 matrix 4x4 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4xui8> -> tensor<4xui8>
  %b = cnn.sigmoid @b %a : tensor<4xui8> -> tensor<4xui8>
  cnn.output %b : tensor<4xui8>
}
vxb.stage 0 {
  vxb.place @a tiles 0 to 2 crossbars 0 at [0, [0, 2]]
}

// CHECK: pxb.home @a pes 0 times 2
// PARTS-NEXT: pxb.home @b pes 0 times 2
// WHOLE-NEXT: pxb.home @b slices 0 pes 0
