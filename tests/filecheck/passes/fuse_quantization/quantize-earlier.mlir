// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// Quantisations move before operators that give the same on codes.

// CHECK: cnn.network @earlier(%real: tensor<2x4x4xf32>, %x: tensor<2x4x4x!cnn.quant<si8, 0.5>>, %y: tensor<2x4x4x!cnn.quant<si8, 0.25>>) {
cnn.network @earlier(%real: tensor<2x4x4xf32>, %x: tensor<2x4x4x!cnn.quant<si8, 0.5>>, %y: tensor<2x4x4x!cnn.quant<si8, 0.25>>) {
  // On the host, too: then those operators work on codes.

  // CHECK-NEXT: %codes = cnn.quantize %real : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<si8, 0.125>>
  // CHECK-NEXT: %relu = cnn.relu @relu %codes : tensor<2x4x4x!cnn.quant<si8, 0.125>> -> tensor<2x4x4x!cnn.quant<si8, 0.125>>
  %relu = cnn.relu @relu %real : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %pool = cnn.max_pool @pool %relu <2x2> : tensor<2x4x4x!cnn.quant<si8, 0.125>> -> tensor<2x3x3x!cnn.quant<si8, 0.125>>
  %pool = cnn.max_pool @pool %relu <2x2> : tensor<2x4x4xf32> -> tensor<2x3x3xf32>
  // CHECK-NEXT: %pad = cnn.pad @pad %pool before [0, 1, 0] after [0, 0, 0] value -1.3 : tensor<2x3x3x!cnn.quant<si8, 0.125>> -> tensor<2x4x3x!cnn.quant<si8, 0.125>>
  %pad = cnn.pad @pad %pool before [0, 1, 0] after [0, 0, 0] value -1.3 : tensor<2x3x3xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: %clip = cnn.clip @clip %pad from -1.2 to 6.0 : tensor<2x4x3x!cnn.quant<si8, 0.125>> -> tensor<2x4x3x!cnn.quant<si8, 0.125>>
  %clip = cnn.clip @clip %pad from -1.2 to 6.0 : tensor<2x4x3xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: %turned = cnn.transpose %clip [1, 0, 2] : tensor<2x4x3x!cnn.quant<si8, 0.125>> -> tensor<4x2x3x!cnn.quant<si8, 0.125>>
  %turned = cnn.transpose %clip [1, 0, 2] : tensor<2x4x3xf32> -> tensor<4x2x3xf32>
  // CHECK-NEXT: %flat = cnn.flatten %turned : tensor<4x2x3x!cnn.quant<si8, 0.125>> -> tensor<24x!cnn.quant<si8, 0.125>>
  %flat = cnn.flatten %turned : tensor<4x2x3xf32> -> tensor<24xf32>
  %codes = cnn.quantize %flat : tensor<24xf32> -> tensor<24x!cnn.quant<si8, 0.125>>

  // Tensors that are joined get the quantisation of the result.

  %xr = cnn.dequantize %x : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4xf32>
  %yr = cnn.dequantize %y : tensor<2x4x4x!cnn.quant<si8, 0.25>> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %concat = cnn.requantize @concat %x : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4x!cnn.quant<si8, 0.25>>
  // CHECK-NEXT: %joined = cnn.concat %concat, %y : tensor<2x4x4x!cnn.quant<si8, 0.25>>, tensor<2x4x4x!cnn.quant<si8, 0.25>> -> tensor<4x4x4x!cnn.quant<si8, 0.25>>
  %joined = cnn.concat %xr, %yr : tensor<2x4x4xf32>, tensor<2x4x4xf32> -> tensor<4x4x4xf32>
  %concat = cnn.quantize %joined : tensor<4x4x4xf32> -> tensor<4x4x4x!cnn.quant<si8, 0.25>>

  // A clip between codes is one of codes if its result is quantised.

  // CHECK-NEXT: %between = cnn.clip @between %x from 0.0 to 1.3 : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  %between = cnn.clip @between %xr from 0.0 to 1.3 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %same = cnn.quantize %between : tensor<2x4x4xf32> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>

  // The results of the others are also read as float32.

  // CHECK-NEXT: %shared = cnn.relu @shared %real : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %shared = cnn.relu @shared %real : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %positive = cnn.quantize %shared : tensor<2x4x4xf32> -> tensor<2x4x4xui8>
  %positive = cnn.quantize %shared : tensor<2x4x4xf32> -> tensor<2x4x4xui8>
  // CHECK-NEXT: cnn.output %flat, %joined, %between, %shared, %positive : tensor<24x!cnn.quant<si8, 0.125>>, tensor<4x4x4x!cnn.quant<si8, 0.25>>, tensor<2x4x4x!cnn.quant<si8, 0.5>>, tensor<2x4x4xf32>, tensor<2x4x4xui8>
  cnn.output %codes, %concat, %same, %shared, %positive : tensor<24x!cnn.quant<si8, 0.125>>, tensor<4x4x4x!cnn.quant<si8, 0.25>>, tensor<2x4x4x!cnn.quant<si8, 0.5>>, tensor<2x4x4xf32>, tensor<2x4x4xui8>
}
