// RUN: spatem-opt %s --accelerator tiny -p swap-pes | filecheck %s
// RUN: spatem-opt %s --accelerator tiny -p 'swap-pes{swaps=0}' | filecheck %s --check-prefix=KEPT

// PE 3 is two hops from PE 0 on a mesh of 2 x 2: the input comes from the port at PE 0, the partial
// sums of tile 1 go home to PE 0, from which the output leaves.

cnn.network @net(%x: tensor<8xui8>) {
  %fc = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<2x8xsi2>> scale 0.5 matrix 8x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<8xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}

pxb.stage 0 {
  // CHECK: pxb.place @fc tiles 0 to 2 crossbars [1, 6] at [0, 0]
  // KEPT:  pxb.place @fc tiles 0 to 2 crossbars [1, 14] at [0, 0]
  pxb.place @fc tiles 0 to 2 crossbars [1, 14] at [0, 0]

  // CHECK-NEXT: pxb.home @fc pes 0
  // KEPT-NEXT:  pxb.home @fc pes 0
  pxb.home @fc pes 0
}
