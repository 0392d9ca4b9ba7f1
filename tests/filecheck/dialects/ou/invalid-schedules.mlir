// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s

// CHECK: ou.wait @a: waits for 2 positions of @a, which has 1

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  cnn.output %a : tensor<12xui8>
}
ou.schedule {
  ou.due @a at 7
  ou.wait @a for @a until 2
}

// -----

// CHECK: ou.schedule: stands twice in a module; one says when all windows are due

cnn.network @net(%x: tensor<16xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<12x16xsi2>> scale 0.5 matrix 16x12 windows 1 grid <hwm = 3, wwm = 2, iw = 1 cyclic, ib = 1, tile 6x6> : tensor<16xui8> -> tensor<12xui8>
  cnn.output %a : tensor<12xui8>
}
ou.schedule {
  ou.due @a at 7
}
ou.schedule {
  ou.due @a at 7
}
