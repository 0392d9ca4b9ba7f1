// RUN: spatem-opt %s --pass-pipeline='fuse-quantization' | filecheck %s --match-full-lines

// Dequantisations move behind operators that give the same on codes.

// CHECK: cnn.network @later(%x: tensor<2x4x4x!cnn.quant<si8, 0.5>>, %y: tensor<2x4x4x!cnn.quant<si8, 0.25>>) {
cnn.network @later(%x: tensor<2x4x4x!cnn.quant<si8, 0.5>>, %y: tensor<2x4x4x!cnn.quant<si8, 0.25>>) {
  // CHECK-NEXT: %xr = cnn.dequantize %x : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4xf32>
  %xr = cnn.dequantize %x : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %x : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x4x4x!cnn.quant<si8, 0.5>>
  %relu = cnn.relu @relu %xr : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %pool = cnn.max_pool @pool %relu <2x2> : tensor<2x4x4x!cnn.quant<si8, 0.5>> -> tensor<2x3x3x!cnn.quant<si8, 0.5>>
  %pool = cnn.max_pool @pool %relu <2x2> : tensor<2x4x4xf32> -> tensor<2x3x3xf32>
  // CHECK-NEXT: %pad = cnn.pad @pad %pool before [0, 1, 0] after [0, 0, 0] value -1.5 : tensor<2x3x3x!cnn.quant<si8, 0.5>> -> tensor<2x4x3x!cnn.quant<si8, 0.5>>
  %pad = cnn.pad @pad %pool before [0, 1, 0] after [0, 0, 0] value -1.5 : tensor<2x3x3xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: %clip = cnn.clip @clip %pad from -100.2 to 1.5 : tensor<2x4x3x!cnn.quant<si8, 0.5>> -> tensor<2x4x3x!cnn.quant<si8, 0.5>>
  %clip = cnn.clip @clip %pad from -100.2 to 1.5 : tensor<2x4x3xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: %identity = cnn.identity @identity %clip : tensor<2x4x3x!cnn.quant<si8, 0.5>> -> tensor<2x4x3x!cnn.quant<si8, 0.5>>
  %identity = cnn.identity @identity %clip : tensor<2x4x3xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: %turned = cnn.transpose %identity [1, 0, 2] : tensor<2x4x3x!cnn.quant<si8, 0.5>> -> tensor<4x2x3x!cnn.quant<si8, 0.5>>
  %turned = cnn.transpose %identity [1, 0, 2] : tensor<2x4x3xf32> -> tensor<4x2x3xf32>
  // CHECK-NEXT: %joined = cnn.concat %turned, %turned : tensor<4x2x3x!cnn.quant<si8, 0.5>>, tensor<4x2x3x!cnn.quant<si8, 0.5>> -> tensor<8x2x3x!cnn.quant<si8, 0.5>>
  %joined = cnn.concat %turned, %turned : tensor<4x2x3xf32>, tensor<4x2x3xf32> -> tensor<8x2x3xf32>
  // CHECK-NEXT: %flat = cnn.flatten %joined : tensor<8x2x3x!cnn.quant<si8, 0.5>> -> tensor<48x!cnn.quant<si8, 0.5>>
  %flat = cnn.flatten %joined : tensor<8x2x3xf32> -> tensor<48xf32>

  // Tensors of different quantisation stay apart.

  // CHECK-NEXT: %flat_1 = cnn.dequantize %flat : tensor<48x!cnn.quant<si8, 0.5>> -> tensor<48xf32>
  // CHECK-NEXT: %yr = cnn.dequantize %y : tensor<2x4x4x!cnn.quant<si8, 0.25>> -> tensor<2x4x4xf32>
  %yr = cnn.dequantize %y : tensor<2x4x4x!cnn.quant<si8, 0.25>> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %apart = cnn.concat %xr, %yr : tensor<2x4x4xf32>, tensor<2x4x4xf32> -> tensor<4x4x4xf32>
  %apart = cnn.concat %xr, %yr : tensor<2x4x4xf32>, tensor<2x4x4xf32> -> tensor<4x4x4xf32>

  // Bounds and pads between two codes, and beyond the last one, have no code that stands for them.

  // CHECK-NEXT: %between = cnn.clip @between %xr from 0.0 to 1.3 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %between = cnn.clip @between %xr from 0.0 to 1.3 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %above = cnn.clip @above %xr from 1.0e+02 to 2.0e+02 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %above = cnn.clip @above %xr from 100.0 to 200.0 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %framed = cnn.pad @framed %xr before [0, 0, 0] after [0, 1, 0] value 64.0 : tensor<2x4x4xf32> -> tensor<2x5x4xf32>
  %framed = cnn.pad @framed %xr before [0, 0, 0] after [0, 1, 0] value 64.0 : tensor<2x4x4xf32> -> tensor<2x5x4xf32>

  // Others compute on float32.

  // CHECK-NEXT: %sigmoid = cnn.sigmoid @sigmoid %xr : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %sigmoid = cnn.sigmoid @sigmoid %xr : tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // CHECK-NEXT: cnn.output %flat_1, %apart, %between, %above, %framed, %sigmoid : tensor<48xf32>, tensor<4x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x5x4xf32>, tensor<2x4x4xf32>
  cnn.output %flat, %apart, %between, %above, %framed, %sigmoid : tensor<48xf32>, tensor<4x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x5x4xf32>, tensor<2x4x4xf32>
}
