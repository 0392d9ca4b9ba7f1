// RUN: spatem-opt %s --split-input-file --parsing-diagnostics | filecheck %s --match-full-lines

// CHECK: expected some of cu, pe, in this order, and home at the end
"test.op"() {places = #ou.places<cu, pe>} : () -> ()

// -----

// CHECK: expected some of cu, pe, in this order, and home at the end
"test.op"() {places = #ou.places<pe, cu, home>} : () -> ()

// -----

// CHECK: expected some of cu, pe, in this order, and home at the end
"test.op"() {places = #ou.places<home, home>} : () -> ()

// -----

// CHECK: Expected one of 'cu', 'home', 'pe'
"test.op"() {places = #ou.places<chip, home>} : () -> ()

// -----

// A body stands behind the other attributes.

// CHECK: '}' expected
ou.mvm @fc windows 0 attributes {
  ou.activate bits 0 rows 0 columns 0
}
