// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack' | filecheck %s --check-prefixes=CHECK,EXCLUSIVE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=exclusive}' | filecheck %s --check-prefixes=CHECK,EXCLUSIVE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=spatem gather=false}' | filecheck %s --check-prefixes=CHECK,SHARED

// What partition says about crossbars holds unless an option says otherwise; it is used up.

cnn.network @net(%x: tensor<40x2x1xui8>) {
  // Twenty matrices of 2 x 4 cells in two copies; six crossbars are left for them, three for each
  // copy.  Matrix m is in crossbar m mod 3 of its copy; seven fields of 2 x 4 cells are filled.
  %groups = mvm.layer @groups %x <1x1> groups 20 weights #cnn.seeded<0, tensor<80x2x1x1xsi2>> scale 0.5 matrix 20 of 2x4 windows 2 grid <hwm = 1, wwm = 1, iw = 2 cyclic, ib = 1, tile 2x4> : tensor<40x2x1xui8> -> tensor<80x2x1xui8>
  %flat = cnn.flatten %groups : tensor<80x2x1xui8> -> tensor<160xui8>
  %fc = mvm.layer @fc %flat <1x1> weights #cnn.seeded<1, tensor<2x160xsi2>> scale 0.5 matrix 160x2 windows 1 grid <hwm = 10, wwm = 1, iw = 1 cyclic, ib = 1, tile 16x2> : tensor<160xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}
// CHECK-NOT: mvm.packing
mvm.packing "exclusive"

// CHECK: vxb.stage 0 {
// EXCLUSIVE-NEXT: vxb.place @groups tiles 0 to 6 crossbars 0 to 6 at [0, 0]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 6 to 12 crossbars 0 to 6 at [0, 4]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 12 to 18 crossbars 0 to 6 at [0, 8]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 18 to 24 crossbars 0 to 6 at [0, 12]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 24 to 30 crossbars 0 to 6 at [2, 0]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 30 to 36 crossbars 0 to 6 at [2, 4]
// EXCLUSIVE-NEXT: vxb.place @groups tiles 36 to 40 crossbars 0 to 4 at [2, 8]
// EXCLUSIVE-NEXT: vxb.place @fc tiles 0 to 10 crossbars 6 to 16 at [0, 0]

// Spread over all crossbars, @groups leaves no sixteen wordlines for @fc; the largest tiles go first
// then, and both layers share crossbars.

// SHARED-NEXT: vxb.place @groups tiles 0 to 6 crossbars 10 to 16 at [0, 0]
// SHARED-NEXT: vxb.place @groups tiles 6 to 12 crossbars 10 to 16 at [0, 4]
// SHARED-NEXT: vxb.place @groups tiles 12 to 18 crossbars 10 to 16 at [0, 8]
// SHARED-NEXT: vxb.place @groups tiles 18 to 24 crossbars 10 to 16 at [0, 12]
// SHARED-NEXT: vxb.place @groups tiles 24 to 34 crossbars 0 to 10 at [0, 2]
// SHARED-NEXT: vxb.place @groups tiles 34 to 40 crossbars 10 to 16 at [2, 0]
// SHARED-NEXT: vxb.place @fc tiles 0 to 10 crossbars 0 to 10 at [0, 0]
// CHECK-NEXT: }
