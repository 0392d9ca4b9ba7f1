// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem deal=cyclic}' | filecheck %s --check-prefix=CYCLIC
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem deal=blocks}' | filecheck %s --check-prefix=BLOCKS
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum deal=blocks}' | filecheck %s --check-prefix=MINIMUM

// How windows are dealt to copies is part of the grid.

cnn.network @net(%x: tensor<4x4x4xui8>) {
  // CYCLIC: mvm.layer @conv {{.*}} iw = 8 cyclic, ib = 2
  // BLOCKS: mvm.layer @conv {{.*}} iw = 8 blocks, ib = 2
  // MINIMUM: mvm.layer @conv {{.*}} iw = 1 blocks, ib = 1
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5 : tensor<4x4x4xui8> -> tensor<4x4x4xui8>
  cnn.output %y : tensor<4x4x4xui8>
}
