// RUN: %roundtrip --match-full-lines
// RUN: %generic | spatem-opt | filecheck %s --match-full-lines

// CHECK:      builtin.module attributes {hw.accelerator = #hw.accelerator<"my \22chip\22"
builtin.module attributes {hw.accelerator = #hw.accelerator<"my \"chip\""
  // CHECK-NEXT: chip {pe_rows = 1, pe_columns = 2, clock_mhz = 1000}
  chip {clock_mhz = 1000, pe_rows = 1, pe_columns = 2}
  // CHECK-NEXT: pe {compute_units = 2, buffer_bytes = 4096, port_bytes_per_cycle = 4, adders_per_cycle = 1, activations_per_cycle = 1, poolings_per_cycle = 1}
  pe {compute_units = 2, buffer_bytes = 4096, port_bytes_per_cycle = 4, adders_per_cycle = 1, activations_per_cycle = 1, poolings_per_cycle = 1}
  // CHECK-NEXT: cu {crossbars = 2, input_register_bytes = 64, adders_per_cycle = 2}
  cu {crossbars = 2, input_register_bytes = 64, adders_per_cycle = 2}
  // CHECK-NEXT: crossbar {wordlines = 16, bitlines = 16, bits_per_cell = 2}
  crossbar {wordlines = 16, bitlines = 16, bits_per_cell = 2}
  // CHECK-NEXT: ou {wordlines = 4, bitlines = 4, cycles = 4, pipeline_cycles = 0, dac_bits = 1, adc_bits = 4}
  ou {wordlines = 4, bitlines = 4, cycles = 4, pipeline_cycles = 0, dac_bits = 1, adc_bits = 4}
  // CHECK-NEXT: analog {adc_mode = round, encoding = differential, cell_sigma = 0.2, stuck_at_zero = 0.001, stuck_at_one = 0.0, read_noise = 1.0, seed = 7}
  analog {seed = 7, encoding = differential, adc_mode = round, cell_sigma = 0.2, stuck_at_zero = 1.0e-3, stuck_at_one = 0, read_noise = 1}
  // CHECK-NEXT: noc {link_bytes_per_cycle = 2, hop_cycles = 1, multicast = false}
  noc {link_bytes_per_cycle = 2, hop_cycles = 1, multicast = false}
  // CHECK-NEXT: io {bytes_per_cycle = 4}
  io {bytes_per_cycle = 4}
  // CHECK-NEXT: energy {dac_pj_per_ns = 0.0, adc_conversion_pj = 2.0, cell_pj_per_ns = 1.0e-07, shift_add_pj = 1.2345678e-05, buffer_byte_pj = 1000000.0, register_byte_pj = 0.1, link_byte_pj = 1.09375, activation_pj = 0.2166667, pooling_pj = 0.3333333, io_byte_pj = 406.25}
  energy {dac_pj_per_ns = 0, adc_conversion_pj = 2, cell_pj_per_ns = 1.0e-7, shift_add_pj = 0.000012345678, buffer_byte_pj = 1.0e6, register_byte_pj = 0.1, link_byte_pj = 1.09375, activation_pj = 0.2166667, pooling_pj = 0.3333333, io_byte_pj = 406.25}
  // CHECK-NEXT: power {cu_digital_mw = 0.23, pe_digital_mw = 2.0}
  power {pe_digital_mw = 2, crossbar_mw = 0.0, cu_digital_mw = 0.23}
  // CHECK-NEXT: area {crossbar_mm2 = 0.00125125, cu_digital_mm2 = 0.00311, pe_digital_mm2 = 0.21485, chip_io_mm2 = 22.88}>} {
  area {crossbar_mm2 = 0.00125125, cu_digital_mm2 = 0.00311, pe_digital_mm2 = 0.21485, chip_io_mm2 = 22.88}>} {

  // CHECK-NEXT: "test.op"() {indices = #hw.indices<5>} : () -> ()
  "test.op"() {indices = #hw.indices<5>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<-5>} : () -> ()
  "test.op"() {indices = #hw.indices<[-5]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<[]>} : () -> ()
  "test.op"() {indices = #hw.indices<[]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<[]>} : () -> ()
  "test.op"() {indices = #hw.indices<4 to 2>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<0 to 96>} : () -> ()
  "test.op"() {indices = #hw.indices<0 to 96 step 1>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<0 to 5 step 2>} : () -> ()
  "test.op"() {indices = #hw.indices<0 to 6 step 2>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<2 to -1 step -1>} : () -> ()
  "test.op"() {indices = #hw.indices<[2, 1, 0]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<5 times 3>} : () -> ()
  "test.op"() {indices = #hw.indices<[5, 5, 5]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<[0 to 4, 7, 5 times 3]>} : () -> ()
  "test.op"() {indices = #hw.indices<[0, 1, 2 to 4, 7, 5 times 3]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<0 to 2 repeat 3 by 10>} : () -> ()
  "test.op"() {indices = #hw.indices<[0, 1, 10, 11, 20, 21]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<[0 to 2, 10 to 12]>} : () -> ()
  "test.op"() {indices = #hw.indices<0 to 2 repeat 2 by 10>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<[1, 3 times 2 repeat 3 by -4]>} : () -> ()
  "test.op"() {indices = #hw.indices<[1, 3 times 2 repeat 3 by -4]>} : () -> ()
  // CHECK-NEXT: "test.op"() {indices = #hw.indices<0 to 41 step 10>} : () -> ()
  "test.op"() {indices = #hw.indices<0 repeat 5 by 10>} : () -> ()
}
