// RUN: not spatem-opt %s --pass-pipeline='partition{strategy=spatem}' 2>&1 | filecheck %s --match-full-lines
// RUN: not spatem-opt %s --pass-pipeline='partition{strategy=minimum}' 2>&1 | filecheck %s --match-full-lines

// A weight of 16 bits takes 8 cells; a crossbar has 4 bitlines.

// CHECK: spatem-opt: layer @fc: one weight of 8 cells or one activation of 8 bits exceeds a crossbar of 'narrow' or its input register; use fewer bits or enlarge crossbar.bitlines or cu.input_register_bytes
builtin.module attributes {hw.accelerator = #hw.accelerator<"narrow"
  chip {pe_rows = 1, pe_columns = 1, clock_mhz = 1000}
  pe {compute_units = 1, buffer_bytes = 4096, port_bytes_per_cycle = 4, adders_per_cycle = 1, activations_per_cycle = 1, poolings_per_cycle = 1}
  cu {crossbars = 1, input_register_bytes = 64, adders_per_cycle = 2}
  crossbar {wordlines = 16, bitlines = 4, bits_per_cell = 2}
  ou {wordlines = 4, bitlines = 4, cycles = 4, pipeline_cycles = 1, dac_bits = 1, adc_bits = 4}
  analog {adc_mode = clip, encoding = offset, cell_sigma = 0.0, stuck_at_zero = 0.0, stuck_at_one = 0.0, read_noise = 0.0, seed = 0}
  noc {link_bytes_per_cycle = 2, hop_cycles = 1, multicast = true}
  io {bytes_per_cycle = 4}
  energy {dac_pj_per_ns = 0.4, adc_conversion_pj = 0.3, cell_pj_per_ns = 0.002, shift_add_pj = 0.04, buffer_byte_pj = 0.7, register_byte_pj = 0.03, link_byte_pj = 1.1, activation_pj = 0.2, pooling_pj = 0.3, io_byte_pj = 406.25}
  area {crossbar_mm2 = 0.001, cu_digital_mm2 = 0.003, pe_digital_mm2 = 0.2, chip_io_mm2 = 22.88}>} {
  cnn.network @net(%x: tensor<4xui8>) {
    %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi16>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
    cnn.output %y : tensor<4xui8>
  }
}
