// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum}' | filecheck %s --check-prefixes=MVM
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack' | filecheck %s --check-prefixes=MVM,VXB
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign' | filecheck %s --check-prefixes=MVM,PXB
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order' | filecheck %s --check-prefixes=MVM,PXB,OU
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum}' | spatem-opt --pass-pipeline=pack | spatem-opt --pass-pipeline=assign | spatem-opt --pass-pipeline=order | filecheck %s --check-prefixes=MVM,PXB,OU

// From a network to the program of every crossbar, in one go and pass by pass.

// MVM: builtin.module attributes {hw.accelerator = #hw.accelerator<"tiny"
// MVM: cnn.network @net(%x: tensor<2x6x6xui8>) {
cnn.network @net(%x: tensor<2x6x6xui8>) {
  // MVM-NEXT: %conv = mvm.layer @conv %x <3x3> {{.*}} matrix 18x4 windows 16 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x4>
  %conv = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x2x3x3xsi2>> scale 0.01 : tensor<2x6x6xui8> -> tensor<4x4x4xui8>
  // MVM-NEXT: %pool = cnn.max_pool @pool %conv <2x2, strides 2x2>
  %pool = cnn.max_pool @pool %conv <2x2, strides 2x2> : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  // MVM-NEXT: %flat = cnn.flatten %pool
  %flat = cnn.flatten %pool : tensor<4x2x2xui8> -> tensor<16xui8>
  // MVM-NEXT: %fc = mvm.layer @fc %flat <1x1> {{.*}} matrix 16x20 windows 1 grid <hwm = 1, wwm = 2, iw = 1 cyclic, ib = 1, tile 16x10>
  %fc = cnn.dense @fc %flat weights #cnn.seeded<1, tensor<20x16xsi2>> scale 0.01 : tensor<16xui8> -> tensor<20xsi8>
  // MVM-NEXT: cnn.output %fc
  cnn.output %fc : tensor<20xsi8>
}
// MVM-NEXT: }

// VXB-NEXT: vxb.stage 0 {
// VXB-NEXT: vxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
// VXB-NEXT: vxb.place @fc tiles 0 to 2 crossbars 2 to 4 at [0, 0]
// VXB-NEXT: }
// VXB-NEXT: }

// PXB-NEXT: pxb.stage 0 {
// PXB-NEXT: pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
// PXB-NEXT: pxb.place @fc tiles 0 to 2 crossbars 2 to 4 at [0, 0]
// PXB-NEXT: pxb.home @conv pes 0
// PXB-NEXT: pxb.home @pool pes 0
// PXB-NEXT: pxb.home @fc pes 0 times 2
// PXB-NEXT: }

// OU-NEXT: ou.stage 0 {
// OU-NEXT: ou.due @conv at 8
// OU-NEXT: ou.due @fc at
// OU-NEXT: }
// OU-NEXT: }
