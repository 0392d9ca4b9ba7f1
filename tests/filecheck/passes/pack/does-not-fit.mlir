// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='pack' 2>&1 | filecheck %s --match-full-lines --check-prefix=SHARED
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='pack{method=exclusive}' 2>&1 | filecheck %s --match-full-lines --check-prefix=EXCLUSIVE

// Two tiles of 6 x 16 cells fit into a crossbar, so 33 need 17; their cells alone would need 13.

// SHARED: spatem-opt: the network does not fit: its tiles need at least 13 crossbars, 'tiny' has 16, and packing found no place for all of them
// EXCLUSIVE: spatem-opt: the network does not fit: its tiles need at least 33 crossbars, 'tiny' has 16, and packing found no place for all of them

cnn.network @net(%x: tensor<6xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<528x6xsi2>> scale 0.5 matrix 6x528 windows 1 grid <hwm = 1, wwm = 33, iw = 1 cyclic, ib = 1, tile 6x16> : tensor<6xui8> -> tensor<528xui8>
  cnn.output %y : tensor<528xui8>
}
