// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order' | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order{merge=everywhere}' | filecheck %s
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order{merge=pe}' | filecheck %s --check-prefix=PE
// RUN: spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=minimum},pack,assign,order{merge=home}' | filecheck %s --check-prefix=HOME

// Partial sums of every layer are merged in the CU, in the PE and at home unless ou.merge says
// otherwise.

// CHECK-NOT: ou.merge

// PE:      ou.merge @a at <pe, home>
// PE-NEXT: ou.merge @b at <pe, home>
// PE-NEXT: ou.merge @c at <pe, home>

// HOME:      ou.merge @a at <home>
// HOME-NEXT: ou.merge @b at <home>
// HOME-NEXT: ou.merge @c at <home>

cnn.network @net(%image: tensor<1x4x4xf32>) {
  %x = cnn.quantize %image : tensor<1x4x4xf32> -> tensor<1x4x4xui8>
  %a = cnn.conv @a %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %relu = cnn.relu @relu %a : tensor<4x2x2xui8> -> tensor<4x2x2xui8>
  %pool = cnn.max_pool @pool %relu <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %b = cnn.conv @b %relu <2x2> weights #cnn.seeded<1, tensor<3x4x2x2xsi2>> scale 0.5 : tensor<4x2x2xui8> -> tensor<3x1x1xui8>
  %both = cnn.concat %pool, %b : tensor<4x1x1xui8>, tensor<3x1x1xui8> -> tensor<7x1x1xui8>
  %flat = cnn.flatten %both : tensor<7x1x1xui8> -> tensor<7xui8>
  %c = cnn.dense @c %flat weights #cnn.seeded<2, tensor<2x7xsi2>> scale 0.5 : tensor<7xui8> -> tensor<2xui8>
  %real = cnn.dequantize %c : tensor<2xui8> -> tensor<2xf32>
  cnn.output %real, %b : tensor<2xf32>, tensor<3x1x1xui8>
}
