// RUN: spatem-opt %s --pass-pipeline='tabulate' | filecheck %s --match-full-lines

// CHECK: cnn.network @net(%x: tensor<2xui2>, %y: tensor<2xsi2>, %z: tensor<2xui8>, %w: tensor<2xsi16>) {
cnn.network @net(%x: tensor<2xui2>, %y: tensor<2xsi2>, %z: tensor<2xui8>, %w: tensor<2xsi16>) {
  // Two functions, of which the second one saturates.

  // CHECK-NEXT: %b = cnn.table @b %x codes [0, -1, -2, -2] : tensor<2xui2> -> tensor<2xsi2>
  %a = cnn.neg @a %x : tensor<2xui2> -> tensor<2xsi4>
  %b = cnn.requantize @b %a : tensor<2xsi4> -> tensor<2xsi2>

  // Codes with sign; float32 between; one tensor twice; an own saturation.

  // CHECK-NEXT: %f = cnn.table @f %y codes [3, 1, 0, 1] : tensor<2xsi2> -> tensor<2xui8>
  %c = cnn.abs @c %y : tensor<2xsi2> -> tensor<2xf32>
  %d = cnn.neg @d %y : tensor<2xsi2> -> tensor<2xf32>
  %e = cnn.mul @e %c, %d : tensor<2xf32>, tensor<2xf32> -> tensor<2xsi4>
  %f = cnn.abs @f %e {saturate = array<i64: 0, 3>} : tensor<2xsi4> -> tensor<2xui8>

  // Numbers that all channels share; not those that differ.

  // CHECK-NEXT: %h = cnn.table @h %x codes [1, 3, 5, 7] : tensor<2xui2> -> tensor<2xui8>
  %g = cnn.affine @g %x scale dense<2.0> : tensor<2xf32> shift dense<1.0> : tensor<2xf32> : tensor<2xui2> -> tensor<2xui8>
  %h = cnn.abs @h %g : tensor<2xui8> -> tensor<2xui8>
  // CHECK-NEXT: %i = cnn.affine @i %x scale {{.*}} -> tensor<2xui8>
  %i = cnn.affine @i %x scale dense<[2.0, 3.0]> : tensor<2xf32> shift dense<1.0> : tensor<2xf32> : tensor<2xui2> -> tensor<2xui8>
  // CHECK-NEXT: %j = cnn.abs @j %i : tensor<2xui8> -> tensor<2xui8>
  %j = cnn.abs @j %i : tensor<2xui8> -> tensor<2xui8>

  // Not what somebody else reads, what depends on two tensors, or what has float32 for others.

  // CHECK-NEXT: %k = cnn.abs @k %x : tensor<2xui2> -> tensor<2xui8>
  %k = cnn.abs @k %x : tensor<2xui2> -> tensor<2xui8>
  // CHECK-NEXT: %l = cnn.add @l %k, %z : tensor<2xui8>, tensor<2xui8> -> tensor<2xui8>
  %l = cnn.add @l %k, %z : tensor<2xui8>, tensor<2xui8> -> tensor<2xui8>
  // CHECK-NEXT: %m = cnn.neg @m %k : tensor<2xui8> -> tensor<2xf32>
  %m = cnn.neg @m %k : tensor<2xui8> -> tensor<2xf32>

  // Codes of more than 8 bits are too many, except within a function.

  // CHECK-NEXT: %n = cnn.abs @n %w : tensor<2xsi16> -> tensor<2xsi16>
  %n = cnn.abs @n %w : tensor<2xsi16> -> tensor<2xsi16>
  // CHECK-NEXT: %o = cnn.neg @o %n : tensor<2xsi16> -> tensor<2xsi2>
  %o = cnn.neg @o %n : tensor<2xsi16> -> tensor<2xsi2>
  // CHECK-NEXT: %q = cnn.table @q %o codes [-2, -1, 0, 1] : tensor<2xsi2> -> tensor<2xsi2>
  %p = cnn.neg @p %o : tensor<2xsi2> -> tensor<2xsi16>
  %q = cnn.neg @q %p : tensor<2xsi16> -> tensor<2xsi2>
  // CHECK-NEXT: cnn.output {{.*}}
  cnn.output %b, %f, %h, %j, %l, %m, %q : tensor<2xsi2>, tensor<2xui8>, tensor<2xui8>, tensor<2xui8>, tensor<2xui8>, tensor<2xf32>, tensor<2xsi2>
}
