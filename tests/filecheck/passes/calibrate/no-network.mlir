// RUN: not spatem-opt %s --pass-pipeline='calibrate{inputs="x.npy"}' 2>&1 | filecheck %s --match-full-lines

// CHECK: spatem-opt: calibrate: the module holds no cnn.network
builtin.module {
}
