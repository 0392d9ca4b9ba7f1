// RUN: spatem-opt lenet --pass-pipeline='partition{strategy=spatem},pack,assign,order' | filecheck %s --check-prefixes=CHECK,LENET
// RUN: spatem-opt deepid --pass-pipeline='partition{effort=0},pack,assign,order' | filecheck %s --check-prefixes=CHECK,DEEPID
// RUN: spatem-opt lenet-digits --pass-pipeline='partition{strategy=minimum},pack,assign,order' | filecheck %s --check-prefixes=CHECK,DIGITS
// RUN: not spatem-opt lenet --accelerator tiny --pass-pipeline='partition{strategy=minimum stages=1}' 2>&1 | filecheck %s --match-full-lines --check-prefix=TINY
// RUN: not spatem-opt alexnet2 --pass-pipeline=partition 2>&1 | filecheck %s --check-prefix=UNKNOWN

// Networks by name, on the default accelerator.

// CHECK: #hw.accelerator<"isaac-ou"

// LENET: cnn.network @lenet(%image: tensor<1x32x32xui8>) {
// LENET-NEXT: mvm.layer @C1 {{.*}} matrix 25x6 windows 784
// LENET: mvm.layer @out {{.*}} matrix 84x10 windows 1
// LENET: ou.due @out

// DEEPID: cnn.network @deepid(%image: tensor<1x39x31xui8>) {
// DEEPID-NEXT: mvm.layer @C1 {{.*}} matrix 16x20 windows 1008
// DEEPID: mvm.layer @F6 {{.*}} matrix 160x100 windows 1
// DEEPID: ou.stage 0 timed {
// DEEPID: ou.order crossbars

// A trained network whose weights ship with the package; its images are quantised on the host.

// DIGITS: cnn.network @"lenet-digits"(%image: tensor<1x8x8xf32>) {
// DIGITS-NEXT: cnn.quantize %image
// DIGITS-NEXT: mvm.layer @conv1
// DIGITS: matrix 25x6 windows 64
// DIGITS: ou.due @fc3

// TINY: spatem-opt: the network does not fit: its weights need at least 297 crossbars, 'tiny' has 16

// UNKNOWN: spatem-opt: unknown network 'alexnet2': neither an .onnx file nor one of lenet,
