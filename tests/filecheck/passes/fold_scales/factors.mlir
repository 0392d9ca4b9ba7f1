// RUN: spatem-opt %s --pass-pipeline='fold-scales' --weights %t.npz | filecheck %s

// CHECK: cnn.network @net(%x: tensor<1x4x4xf32>) {
cnn.network @net(%x: tensor<1x4x4xf32>) {
  // A factor goes through a clip, whose bounds it changes, a pooling and a view into the layer.

  // CHECK-NEXT: %c = cnn.conv @c %x <1x1> weights #cnn.file<"{{.*}}", "c.weights", {{.*}}> bias #cnn.file<"{{.*}}", "c.bias", {{.*}}> : tensor<1x4x4xf32> -> tensor<2x4x4xf32>
  %c = cnn.conv @c %x <1x1> weights dense<[[[[1.0]]], [[[-2.0]]]]> : tensor<2x1x1x1xf32> bias dense<[0.5, 3.0]> : tensor<2xf32> : tensor<1x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %six = cnn.clip @six %c from 0.0 to 3.0 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %six = cnn.clip @six %c from 0.0 to 6.0 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %p = cnn.max_pool @p %six <2x2, strides 2x2> : tensor<2x4x4xf32> -> tensor<2x2x2xf32>
  %p = cnn.max_pool @p %six <2x2, strides 2x2> : tensor<2x4x4xf32> -> tensor<2x2x2xf32>
  // CHECK-NEXT: %f = cnn.flatten %p : tensor<2x2x2xf32> -> tensor<8xf32>
  %f = cnn.flatten %p : tensor<2x2x2xf32> -> tensor<8xf32>
  %half = cnn.affine @half %f scale dense<0.5> : tensor<8xf32> shift dense<0.0> : tensor<8xf32> : tensor<8xf32> -> tensor<8xf32>

  // Negative factors, summands and what has another reader stay.

  // CHECK-NEXT: %d = cnn.dense @d %f weights dense<1.000000e+00> : tensor<2x8xf32> : tensor<8xf32> -> tensor<2xf32>
  %d = cnn.dense @d %half weights dense<1.0> : tensor<2x8xf32> : tensor<8xf32> -> tensor<2xf32>
  // CHECK-NEXT: %r = cnn.relu @r %d : tensor<2xf32> -> tensor<2xf32>
  %r = cnn.relu @r %d : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %n = cnn.affine @n %r
  %n = cnn.affine @n %r scale dense<[1.0, -1.0]> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: %m = cnn.affine @m %r
  %m = cnn.affine @m %r scale dense<2.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: cnn.output
  cnn.output %n, %m : tensor<2xf32>, tensor<2xf32>
}
