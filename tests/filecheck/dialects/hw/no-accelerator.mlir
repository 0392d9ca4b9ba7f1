// RUN: spatem-opt %s --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

cnn.network @net(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}
// CHECK: vxb.stage needs the module attribute hw.accelerator; name an accelerator with --accelerator
vxb.stage 0 {
^bb0:
}

// -----

builtin.module attributes {hw.accelerator = "tiny"} {
  cnn.network @net(%x: tensor<4xui8>) {
    cnn.output %x : tensor<4xui8>
  }
  // CHECK: pxb.stage needs the module attribute hw.accelerator; name an accelerator with --accelerator
  pxb.stage 0 {
  ^bb0:
  }
}

// -----

cnn.network @net(%x: tensor<4xui8>) {
  cnn.output %x : tensor<4xui8>
}
pxb.stage 0 {
  // CHECK: pxb.home needs the module attribute hw.accelerator; name an accelerator with --accelerator
  pxb.home @fc pes 0
}
