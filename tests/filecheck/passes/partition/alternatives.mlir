// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem}' | filecheck %s --check-prefixes=CHECK,ALL
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem alternatives=1}' | filecheck %s --check-prefixes=CHECK,ONE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem alternatives=0}' | filecheck %s --check-prefixes=CHECK,NONE

// The best strategy has 32 tiles for 16 crossbars.  What `pack` may fall back on is slower and
// smaller, in ascending order of cycles; the last has a crossbar for each of its 8 + 8 tiles.

cnn.network @net(%x: tensor<4x4x4xui8>) {
  // CHECK: mvm.layer @a {{.*}} grid <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 2, tile 4x4>
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x4x4xui8>
  // CHECK: mvm.layer @b {{.*}} grid <hwm = 4, wwm = 1, iw = 4 cyclic, ib = 1, tile 4x4>
  %b = cnn.conv @b %a <2x2, strides 2x2> weights #cnn.seeded<1, tensor<4x4x2x2xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  cnn.output %b : tensor<4x2x2xui8>
}

// ALL: mvm.alternative [
// ALL-NEXT: <hwm = 1, wwm = 1, iw = 6 cyclic, ib = 2, tile 4x4>,
// ALL-NEXT: <hwm = 4, wwm = 1, iw = 4 cyclic, ib = 1, tile 4x4>]
// ALL: mvm.alternative [
// ALL-NEXT: <hwm = 1, wwm = 1, iw = 8 cyclic, ib = 2, tile 4x4>,
// ALL-NEXT: <hwm = 4, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x4>]
// ALL: mvm.alternative [
// ALL-NEXT: <hwm = 1, wwm = 1, iw = 6 cyclic, ib = 2, tile 4x4>,
// ALL-NEXT: <hwm = 4, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x4>]
// ALL: mvm.alternative [
// ALL-NEXT: <hwm = 1, wwm = 1, iw = 4 cyclic, ib = 2, tile 4x4>,
// ALL-NEXT: <hwm = 4, wwm = 1, iw = 2 cyclic, ib = 1, tile 4x4>]
// ALL-NOT: mvm.alternative

// ONE: mvm.alternative [
// ONE-NOT: mvm.alternative

// NONE-NOT: mvm.alternative
