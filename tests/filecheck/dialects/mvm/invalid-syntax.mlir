// RUN: spatem-opt %s --split-input-file --parsing-diagnostics | filecheck %s --match-full-lines

// CHECK: expected rows x columns of a matrix, as in 25x6
"test.op"() {matrix = #mvm.matrix<25 windows 4>} : () -> ()

// -----

// CHECK: expected rows x columns of a matrix, as in 25x6
"test.op"() {matrix = #mvm.matrix<2 of 25x6x2 windows 4>} : () -> ()

// -----

// CHECK: Expected 'windows'
"test.op"() {matrix = #mvm.matrix<25x6>} : () -> ()

// -----

// CHECK: Expected integer literal
"test.op"() {matrix = #mvm.matrix<25x6 windows -4>} : () -> ()

// -----

// CHECK: degree hwm must be at least 1
"test.op"() {grid = #mvm.grid<hwm = 0, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>} : () -> ()

// -----

// CHECK: degree ib must be at least 1
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 0, tile 4x2>} : () -> ()

// -----

// CHECK: Expected 'wwm'
"test.op"() {grid = #mvm.grid<hwm = 1, iw = 1 cyclic, ib = 1, tile 4x2>} : () -> ()

// -----

// CHECK: Expected one of 'blocks', 'cyclic'
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1, ib = 1, tile 4x2>} : () -> ()

// -----

// CHECK: expected rows x columns of a tile, as in 25x6
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 0x2>} : () -> ()

// -----

// CHECK: expected rows x columns of a tile, as in 25x6
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x?>} : () -> ()

// -----

// CHECK: expected rows x columns of a tile, as in 25x6
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 0 of 9x1>} : () -> ()

// -----

// CHECK: expected rows x columns of a tile, as in 25x6
"test.op"() {grid = #mvm.grid<hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 8 of 9>} : () -> ()
