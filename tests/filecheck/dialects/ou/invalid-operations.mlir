// RUN: spatem-opt %s --accelerator tiny --split-input-file --verify-diagnostics | filecheck %s --match-full-lines

// Tile 1 has 2 rows x 2 columns of cells and input bit 1; an OU is 4 x 4, a DAC sends 1 bit.

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates 2 bits at once; 1 to 1 are possible
    ou.mvm @fc windows 0 {
      ou.activate bits 0 to 2 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates 5 rows at once; 1 to 4 are possible
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 to 5 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates 0 rows at once; 1 to 4 are possible
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows [] columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates 6 columns at once; 1 to 4 are possible
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 to 2 columns 0 to 6
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates rows outside its tile, which has 2
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 1 to 3 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates columns outside its tile, which has 2
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 to 2 columns [0, -1]
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: activates bits outside its tile, which has 2
    ou.mvm @fc windows 0 {
      ou.activate bits 2 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

// The bit of the other tile.

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: its operations do not cover the tile's cells and bits exactly once
    ou.mvm @fc windows 0 {
      ou.activate bits 0 rows 0 to 2 columns 0 to 2
      ou.activate bits 1 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: its operations do not cover the tile's cells and bits exactly once
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 to 2 columns 0
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: its operations do not cover the tile's cells and bits exactly once
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 columns 0 to 2
      ou.activate bits 1 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 1 {
    // CHECK: ou.mvm @fc: its operations do not cover the tile's cells and bits exactly once
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows [0, 0, 1] columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 1 {
    ou.mvm @fc windows 0
  }
  ou.stream crossbars 0 {
    // CHECK: ou.mvm @fc: activates bits outside its tile, which has 1
    ou.mvm @fc windows 0 {
      ou.activate bits 1 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

// A body is for one visit.

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 to 2 {
    // CHECK: ou.mvm @fc: has a body but is more than one visit
    ou.mvm @fc windows 0 {
      ou.activate bits 0 rows 0 to 2 columns 0 to 2
    }
  }
}

// -----

cnn.network @net(%x: tensor<2xui2>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<1x2xsi4>> scale 0.5 matrix 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 2, tile 2x1> : tensor<2xui2> -> tensor<1xui2>
  cnn.output %y : tensor<1xui2>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @fc pes 0
}
ou.stage 0 {
  // CHECK: 'ou.activate' expects parent op 'ou.mvm'
  ou.activate bits 0 rows 0 to 2 columns 0 to 2
}

// -----

// Two matrices of 2 rows: an operation on rows 1 and 2 would add up results of both.

cnn.network @net(%x: tensor<2x2x1xui1>) {
  %y = mvm.layer @conv %x <2x1> groups 2 weights #cnn.seeded<0, tensor<2x1x2x1xsi2>> scale 0.5 matrix 2 of 2x1 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 2x1> : tensor<2x2x1xui1> -> tensor<2x1x1xui2>
  cnn.output %y : tensor<2x1x1xui2>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 crossbars 0 at [0, 0]
  pxb.home @conv pes 0
}
ou.stage 0 {
  ou.stream crossbars 0 {
    // CHECK: ou.mvm @conv: activates rows of several matrices at once: their sums would mix
    ou.mvm @conv windows 0 {
      ou.activate bits 0 rows [0, 3] columns 0
      ou.activate bits 0 rows 1 to 3 columns 0
    }
  }
}

// -----

cnn.network @net(%x: tensor<3x2x1xui1>) {
  %y = mvm.layer @conv %x <1x1> groups 3 weights #cnn.seeded<0, tensor<3x1x1x1xsi2>> scale 0.5 matrix 3 of 1x1 windows 2 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2 of 1x1> : tensor<3x2x1xui1> -> tensor<3x2x1xui2>
  cnn.output %y : tensor<3x2x1xui2>
}
pxb.stage 0 {
  pxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]
  pxb.home @conv pes [0, 1]
}
ou.stage 0 {
  // CHECK: ou.due @conv: has 6 entries for 2 windows of each of 2 matrices
  ou.due @conv at 0 to 6
}
