// RUN: not spatem-opt %s 2>&1 | filecheck %s

"builtin.module"() ({
  "cnn.network"() <{sym_name = "net"}> ({
  ^bb0(%x: tensor<4xf32>):
    // CHECK: spatem-opt: {{.*}}invalid-generic-number.mlir:7:70: malformed IR: float too large to pack with f format
    %y = "cnn.leaky_relu"(%x) <{sym_name = "op", slope = 1.0e39 : f32}> : (tensor<4xf32>) -> tensor<4xf32>
    "cnn.output"(%y) : (tensor<4xf32>) -> ()
  }) : () -> ()
}) : () -> ()
