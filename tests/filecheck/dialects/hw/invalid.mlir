// RUN: spatem-opt %s --split-input-file --parsing-diagnostics | filecheck %s --match-full-lines

// CHECK: a range's step must not be 0; write 'INDEX times COUNT' to repeat
"test.op"() {indices = #hw.indices<0 to 4 step 0>} : () -> ()

// -----

// CHECK: an index sequence has at most 16777216 indices
"test.op"() {indices = #hw.indices<0 to 99999999999999999999>} : () -> ()

// -----

// CHECK: an index sequence has at most 16777216 indices
"test.op"() {indices = #hw.indices<0 to 4097 repeat 4097 by 0>} : () -> ()

// -----

// CHECK: an index is at most 2147483647
"test.op"() {indices = #hw.indices<[0, 2147483648]>} : () -> ()

// -----

// CHECK: an index is at most 2147483647
"test.op"() {indices = #hw.indices<0 repeat 2 by -2147483648>} : () -> ()

// -----

// CHECK: expected terms in parentheses after '+'
"test.op"() {indices = #hw.indices<4 + 0 to 4 repeat 2>} : () -> ()

// -----

// CHECK: Expected integer literal
"test.op"() {indices = #hw.indices<5 times -1>} : () -> ()

// -----

// CHECK: Expected integer literal
"test.op"() {indices = #hw.indices<>} : () -> ()

// -----

// CHECK: string literal expected
"test.op"() {accelerator = #hw.accelerator<tiny>} : () -> ()

// -----

// CHECK: #hw.accelerator: key 'name' is missing or not a text; give it a name
"test.op"() {accelerator = #hw.accelerator<"" chip {}>} : () -> ()

// -----

// CHECK: accelerator 'mine' has no parameters and is none of the presets gao-16mb, gao-32mb, isaac-ou, li-isaac, ntu-ppsim, pelke-bus, tiny
"test.op"() {accelerator = #hw.accelerator<"mine">} : () -> ()

// -----

// CHECK: #hw.accelerator: unknown key 'chop'; the known ones are name, chip, pe, cu, crossbar, ou, analog, noc, io, energy, power, area, accumulation, memory, write
"test.op"() {accelerator = #hw.accelerator<"mine" chop {}>} : () -> ()

// -----

// CHECK: #hw.accelerator: unknown key 'chip.rows'; the known ones are pe_rows, pe_columns, clock_mhz
"test.op"() {accelerator = #hw.accelerator<"mine" chip {rows = 3}>} : () -> ()

// -----

// CHECK: #hw.accelerator: key 'chip.pe_columns' is 0; it must be a whole number from 1 to 2147483647
"test.op"() {accelerator = #hw.accelerator<"mine" chip {pe_rows = 3, pe_columns = 0, clock_mhz = 1}>} : () -> ()

// -----

// CHECK: 'chip' or one of its keys is given twice
"test.op"() {accelerator = #hw.accelerator<"mine" chip {pe_rows = 3, pe_rows = 4}>} : () -> ()

// -----

// CHECK: 'chip' or one of its keys is given twice
"test.op"() {accelerator = #hw.accelerator<"mine" chip {} chip {}>} : () -> ()

// -----

// CHECK: Expected '='
"test.op"() {accelerator = #hw.accelerator<"mine" chip {pe_rows 3}>} : () -> ()

// -----

// CHECK: integer or float literal expected
"test.op"() {accelerator = #hw.accelerator<"mine" chip {pe_rows = "3"}>} : () -> ()

// -----

// CHECK: integer or float literal expected
"test.op"() {accelerator = #hw.accelerator<"mine" analog {adc_mode = "clip"}>} : () -> ()

// -----

// CHECK: #hw.accelerator: key 'chip.pe_rows' is 'round'; it must be a whole number of at least 1
"test.op"() {accelerator = #hw.accelerator<"mine" chip {pe_rows = round}>} : () -> ()
