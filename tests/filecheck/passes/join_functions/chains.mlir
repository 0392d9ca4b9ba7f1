// RUN: spatem-opt %s --pass-pipeline='join-functions' | filecheck %s --match-full-lines

// CHECK: cnn.network @net(%x: tensor<2xf32>) {
cnn.network @net(%x: tensor<2xf32>) {
  // A hard sigmoid, spelled out.

  // CHECK-NEXT: %g = cnn.hard_sigmoid @g %x alpha 0.25 beta 0.75 : tensor<2xf32> -> tensor<2xf32>
  %a = cnn.affine @a %x scale dense<1.0> : tensor<2xf32> shift dense<3.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %b = cnn.clip @b %a from 0.0 to 4.0 : tensor<2xf32> -> tensor<2xf32>
  %g = cnn.affine @g %b scale dense<0.25> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>

  // A hard swish: the product with the gate, or divided at the end.

  // CHECK-NEXT: %h = cnn.hard_swish @h %g : tensor<2xf32> -> tensor<2xf32>
  %c = cnn.affine @c %g scale dense<1.0> : tensor<2xf32> shift dense<3.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %d = cnn.clip @d %c from 0.0 to 6.0 : tensor<2xf32> -> tensor<2xf32>
  %e = cnn.affine @e %d scale dense<0.16666667> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %h = cnn.mul @h %g, %e : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>

  // CHECK-NEXT: %l = cnn.hard_swish @l %h : tensor<2xf32> -> tensor<2xf32>
  %i = cnn.affine @i %h scale dense<1.0> : tensor<2xf32> shift dense<3.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %j = cnn.clip @j %i from 0.0 to 6.0 : tensor<2xf32> -> tensor<2xf32>
  %k = cnn.mul @k %j, %h : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %l = cnn.affine @l %k scale dense<0.16666667> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>

  // A swish; a sigmoid that somebody else reads stays.

  // CHECK-NEXT: %s = cnn.swish @s %l : tensor<2xf32> -> tensor<2xf32>
  %r = cnn.sigmoid @r %l : tensor<2xf32> -> tensor<2xf32>
  %s = cnn.mul @s %r, %l : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %t = cnn.sigmoid @t %s : tensor<2xf32> -> tensor<2xf32>
  %t = cnn.sigmoid @t %s : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %u = cnn.mul @u %s, %t : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %u = cnn.mul @u %s, %t : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>

  // Other numbers, and what somebody else reads, stay.

  // CHECK-NEXT: %m = cnn.affine @m %u scale dense<1.000000e+00> : tensor<2xf32> shift dense<3.000000e+00> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %m = cnn.affine @m %u scale dense<1.0> : tensor<2xf32> shift dense<3.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %n = cnn.clip @n %m from 0.0 to 6.0 : tensor<2xf32> -> tensor<2xf32>
  %n = cnn.clip @n %m from 0.0 to 6.0 : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %o = cnn.affine @o %n scale dense<5.000000e-01> : tensor<2xf32> shift dense<0.000000e+00> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  %o = cnn.affine @o %n scale dense<0.5> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: cnn.output %o, %t : tensor<2xf32>, tensor<2xf32>
  cnn.output %o, %t : tensor<2xf32>, tensor<2xf32>
}
