// RUN: spatem-opt %s --pass-pipeline='fold-batch-norm' --weights %t.npz | filecheck %s

// Batch normalisations that go into no layer become cnn.affine.

// CHECK: cnn.network @affine(%x: tensor<2x4x4xf32>, %codes: tensor<2x4x4xui8>) {
cnn.network @affine(%x: tensor<2x4x4xf32>, %codes: tensor<2x4x4xui8>) {
  // Before an activation; two in a row are one.

  // CHECK-NEXT: %first = cnn.affine @first %x scale #cnn.file<"{{.*}}.npz", "first.scale", {{.*}}, tensor<2xf32>> shift #cnn.file<"{{.*}}.npz", "first.shift", {{.*}}, tensor<2xf32>> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %relu = cnn.relu @relu %first : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %first = cnn.batch_norm @first %x scale dense<[1.0, 2.0]> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<4.0> : tensor<2xf32> epsilon 0.5 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %second = cnn.affine @second %first scale dense<3.0> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %relu = cnn.relu @relu %second : tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // After a layer whose result has another reader.

  // CHECK-NEXT: %conv = cnn.conv @conv %relu <1x1> weights dense<5.000000e-01> : tensor<2x2x1x1xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  %conv = cnn.conv @conv %relu <1x1> weights dense<0.5> : tensor<2x2x1x1xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %norm = cnn.affine @norm %conv scale #cnn.file<"{{.*}}.npz", "norm.scale", {{.*}}> shift #cnn.file<"{{.*}}.npz", "norm.shift", {{.*}}> :
  %norm = cnn.batch_norm @norm %conv scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<4.0> : tensor<2xf32> epsilon 0.5 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // An affine operator that has another reader is not joined with the next.

  // CHECK-NEXT: %last = cnn.affine @last %norm scale dense<3.000000e+00> : tensor<2xf32> shift dense<5.000000e-01> : tensor<2xf32> :
  %last = cnn.affine @last %norm scale dense<3.0> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // After a layer with weights whose mirrored codes do not exist, and after one with a weight for each region.

  // CHECK-NEXT: %coded = cnn.conv @coded %last <1x1> weights dense<-128> : tensor<2x2x1x1xsi8> scale 0.5 :
  %coded = cnn.conv @coded %last <1x1> weights dense<-128> : tensor<2x2x1x1xsi8> scale 0.5 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %coded_norm = cnn.affine @coded_norm %coded
  %coded_norm = cnn.batch_norm @coded_norm %coded scale dense<-1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<4.0> : tensor<2xf32> epsilon 0.5 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %local = cnn.local @local %coded_norm <1x1> region <4x4> weights dense<5.000000e-01> : tensor<1x2x2x1x1xf32> :
  %local = cnn.local @local %coded_norm <1x1> region <4x4> weights dense<0.5> : tensor<1x2x2x1x1xf32> : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  // CHECK-NEXT: %local_norm = cnn.affine @local_norm %local
  %local_norm = cnn.batch_norm @local_norm %local scale dense<1.0> : tensor<2xf32> shift dense<0.0> : tensor<2xf32> mean dense<1.0> : tensor<2xf32> variance dense<4.0> : tensor<2xf32> epsilon 0.5 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>

  // On codes, joining affine operators would leave out a rounding.

  // CHECK-NEXT: %one = cnn.affine @one %codes scale dense<5.000000e-01> : tensor<2xf32>
  %one = cnn.affine @one %codes scale dense<0.5> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2x4x4xui8> -> tensor<2x4x4xui8>
  // CHECK-NEXT: %two = cnn.affine @two %one scale dense<3.000000e+00> : tensor<2xf32>
  %two = cnn.affine @two %one scale dense<3.0> : tensor<2xf32> shift dense<0.5> : tensor<2xf32> : tensor<2x4x4xui8> -> tensor<2x4x4xui8>

  // CHECK-NEXT: cnn.output %conv, %norm, %local_norm, %two :
  cnn.output %conv, %norm, %local_norm, %two : tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xui8>
}
