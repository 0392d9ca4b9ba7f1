// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum}' | filecheck %s

// The fewest tiles that fit a crossbar of 16 x 16 cells, equally large, of as few OUs of 4 x 4 cells
// as possible; one copy, all input bits at once.  There is nothing smaller to fall back on.

cnn.network @net(%x: tensor<20xui8>) {
  // 20 rows in 2 parts, 18 columns of one cell in 2 parts.

  // CHECK: mvm.layer @rows_and_columns {{.*}} matrix 20x18 windows 1 grid <hwm = 2, wwm = 2, iw = 1 cyclic, ib = 1, tile 10x9>
  %a = cnn.dense @rows_and_columns %x weights #cnn.seeded<0, tensor<18x20xsi2>> scale 0.5 : tensor<20xui8> -> tensor<18xui8>

  // A weight of 5 bits takes 3 cells, side by side: 5 columns fill a crossbar, 4 fill 3 OUs.

  // CHECK: mvm.layer @wide_weights {{.*}} matrix 18x8 windows 1 grid <hwm = 2, wwm = 2, iw = 1 cyclic, ib = 1, tile 9x4>
  %b = cnn.dense @wide_weights %a weights #cnn.seeded<1, tensor<8x18xsi5>> scale 0.5 : tensor<18xui8> -> tensor<8xui16>

  // 8 rows of 16-bit activations are 16 bytes; a crossbar has 32 bytes of input register.

  // CHECK: mvm.layer @wide_activations {{.*}} matrix 8x4 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 8x4>
  %c = cnn.dense @wide_activations %b weights #cnn.seeded<2, tensor<4x8xsi2>> scale 0.5 : tensor<8xui16> -> tensor<4xui8>
  cnn.output %c : tensor<4xui8>
}
// CHECK-NOT: mvm.alternative
