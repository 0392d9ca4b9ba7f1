// RUN: spatem-opt %s --split-input-file --pass-pipeline='sink-transposes' | filecheck %s --match-full-lines

// CHECK: cnn.network @between(%x: tensor<4x6x8xf32>, %y: tensor<1x1x4xf32>) {
cnn.network @between(%x: tensor<4x6x8xf32>, %y: tensor<1x1x4xf32>) {
  // What works element by element, a pad and a part of a dimension are between a pair.

  // CHECK-NEXT: %a = cnn.add @a %x, %x : tensor<4x6x8xf32>, tensor<4x6x8xf32> -> tensor<4x6x8xf32>
  %a = cnn.add @a %x, %x : tensor<4x6x8xf32>, tensor<4x6x8xf32> -> tensor<4x6x8xf32>
  %last = cnn.transpose %a [1, 2, 0] : tensor<4x6x8xf32> -> tensor<6x8x4xf32>
  // CHECK-NEXT: %r = cnn.relu @r %a : tensor<4x6x8xf32> -> tensor<4x6x8xf32>
  %r = cnn.relu @r %last : tensor<6x8x4xf32> -> tensor<6x8x4xf32>
  // CHECK-NEXT: %p = cnn.pad @p %r before [0, 1, 0] after [0, 0, 2] value 0.0 : tensor<4x6x8xf32> -> tensor<4x7x10xf32>
  %p = cnn.pad @p %r before [1, 0, 0] after [0, 2, 0] value 0.0 : tensor<6x8x4xf32> -> tensor<7x10x4xf32>
  // CHECK-NEXT: %g = cnn.gather %p dimension 2 indices 0 to 9 step 2 : tensor<4x7x10xf32> -> tensor<4x7x5xf32>
  %g = cnn.gather %p dimension 1 indices 0 to 10 step 2 : tensor<7x10x4xf32> -> tensor<7x5x4xf32>

  // A factor for each channel has extents of 1 alone to move.

  // CHECK-NEXT: %y_1 = cnn.flatten %y : tensor<1x1x4xf32> -> tensor<4x1x1xf32>
  // CHECK-NEXT: %m = cnn.mul @m %g, %y_1 : tensor<4x7x5xf32>, tensor<4x1x1xf32> -> tensor<4x7x5xf32>
  %m = cnn.mul @m %g, %y : tensor<7x5x4xf32>, tensor<1x1x4xf32> -> tensor<7x5x4xf32>
  %first = cnn.transpose %m [2, 0, 1] : tensor<7x5x4xf32> -> tensor<4x7x5xf32>

  // CHECK-NEXT: cnn.output %m : tensor<4x7x5xf32>
  cnn.output %first : tensor<4x7x5xf32>
}

// -----

// CHECK: cnn.network @entry(%x: tensor<6x8x4xf32>) {
cnn.network @entry(%x: tensor<6x8x4xf32>) {
  // The host transposes an input, before the operators in front of the first transposition.

  // CHECK-NEXT: %x_1 = cnn.transpose %x [2, 0, 1] : tensor<6x8x4xf32> -> tensor<4x6x8xf32>
  // CHECK-NEXT: %t = cnn.pad @p %x_1 before [0, 1, 1] after [0, 0, 0] value 0.0 : tensor<4x6x8xf32> -> tensor<4x7x9xf32>
  %p = cnn.pad @p %x before [1, 1, 0] after [0, 0, 0] value 0.0 : tensor<6x8x4xf32> -> tensor<7x9x4xf32>
  %t = cnn.transpose %p [2, 0, 1] : tensor<7x9x4xf32> -> tensor<4x7x9xf32>
  // CHECK-NEXT: cnn.output %t : tensor<4x7x9xf32>
  cnn.output %t : tensor<4x7x9xf32>
}

// -----

// CHECK: cnn.network @channels(%x: tensor<6x1x1xf32>, %y: tensor<6x2x3xf32>) {
cnn.network @channels(%x: tensor<6x1x1xf32>, %y: tensor<6x2x3xf32>) {
  // Nothing but extents of 1 is moved; numbers of their own for channels, which others would be,
  // keep a transposition where it is.

  // CHECK-NEXT: %last = cnn.flatten %x : tensor<6x1x1xf32> -> tensor<1x1x6xf32>
  %last = cnn.transpose %x [1, 2, 0] : tensor<6x1x1xf32> -> tensor<1x1x6xf32>
  // CHECK-NEXT: %s = cnn.sigmoid @s %y : tensor<6x2x3xf32> -> tensor<6x2x3xf32>
  %s = cnn.sigmoid @s %y : tensor<6x2x3xf32> -> tensor<6x2x3xf32>
  // CHECK-NEXT: %n = cnn.add @n %s, %s : tensor<6x2x3xf32>, tensor<6x2x3xf32> -> tensor<6x2x3xf32>
  %n = cnn.add @n %s, %s : tensor<6x2x3xf32>, tensor<6x2x3xf32> -> tensor<6x2x3xf32>
  // CHECK-NEXT: %t = cnn.transpose %n [1, 2, 0] : tensor<6x2x3xf32> -> tensor<2x3x6xf32>
  %t = cnn.transpose %n [1, 2, 0] : tensor<6x2x3xf32> -> tensor<2x3x6xf32>
  // CHECK-NEXT: %b = cnn.affine @b %t scale dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32> shift dense<0.000000e+00> : tensor<2xf32> : tensor<2x3x6xf32> -> tensor<2x3x6xf32>
  %b = cnn.affine @b %t scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2x3x6xf32> -> tensor<2x3x6xf32>
  // CHECK-NEXT: cnn.output %last, %b : tensor<1x1x6xf32>, tensor<2x3x6xf32>
  cnn.output %last, %b : tensor<1x1x6xf32>, tensor<2x3x6xf32>
}
