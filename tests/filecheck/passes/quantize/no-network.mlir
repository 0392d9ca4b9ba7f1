// RUN: not spatem-opt %s --pass-pipeline='quantize' 2>&1 | filecheck %s --match-full-lines

// CHECK: spatem-opt: quantize: the module holds no cnn.network
builtin.module {
}
