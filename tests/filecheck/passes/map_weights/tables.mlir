// RUN: spatem-opt %s --accelerator isaac-ou --pass-pipeline='partition{strategy=minimum},pack,assign,map-weights{strategy=sequential}' -o %t.mlir
// RUN: filecheck %s --check-prefix=TABLE --input-file %t.mlir
// RUN: spatem-opt %s --accelerator isaac-ou --pass-pipeline='partition{strategy=minimum},pack,assign,map-weights,map-weights{strategy=similarity},order,expand-ou,verify-deployment' -o %t.again.mlir
// RUN: filecheck %s --check-prefix=AGAIN --input-file %t.again.mlir
// RUN: not spatem-opt %s --accelerator isaac-ou --pass-pipeline='partition,pack,assign,map-weights{strategy=best}' 2>&1 | filecheck %s --match-full-lines --check-prefix=STRATEGY
// RUN: not spatem-opt %s --accelerator isaac-ou --pass-pipeline='partition,pack,map-weights' 2>&1 | filecheck %s --match-full-lines --check-prefix=LEVEL

// A matrix of 20 × 6 weights in 20 × 12 cells: blocks of 9, 9 and 2 wordlines, and of 8 and 4 bitlines.

// TABLE: pxb.mapping <"tables.mlir.tmp.npz", "slots.0", "{{[0-9a-f]+}}", tensor<6xi32>>

// A stage has one table, that of the last pass.

// AGAIN: pxb.mapping
// AGAIN-NOT: pxb.mapping

// STRATEGY: spatem-opt: map-weights: unknown strategy 'best'; one of sequential, similarity, distance, balance, gao
// LEVEL: spatem-opt: map-weights: the module holds no pxb.stage; run assign first

cnn.network @net(%x: tensor<20xui2>) {
  %y = cnn.dense @dense %x weights #cnn.seeded<0, tensor<6x20xsi4>> scale 0.5 : tensor<20xui2> -> tensor<6xui8>
  cnn.output %y : tensor<6xui8>
}
