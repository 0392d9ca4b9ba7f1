// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='pack' 2>&1 | filecheck %s --match-full-lines

// No two tiles of 9 x 9 cells fit into a crossbar of 16 x 16; the alternative needs less, but still
// too much.

// CHECK: spatem-opt: the network does not fit: its tiles need at least 17 crossbars, 'tiny' has 16, and packing found no place for all of them

cnn.network @net(%x: tensor<9xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<170x9xsi2>> scale 0.5 matrix 9x170 windows 1 grid <hwm = 1, wwm = 19, iw = 1 cyclic, ib = 1, tile 9x9> : tensor<9xui8> -> tensor<170xui8>
  cnn.output %y : tensor<170xui8>
}
mvm.alternative [<hwm = 1, wwm = 17, iw = 1 cyclic, ib = 1, tile 9x10>]
