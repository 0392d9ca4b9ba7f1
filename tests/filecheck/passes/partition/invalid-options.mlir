// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=fastest}' 2>&1 | filecheck %s --match-full-lines --check-prefix=STRATEGY
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem deal=random}' 2>&1 | filecheck %s --match-full-lines --check-prefix=DEAL
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{strategy=spatem copies=2}' 2>&1 | filecheck %s --match-full-lines --check-prefix=OPTION
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition{alternatives=many}' 2>&1 | filecheck %s --match-full-lines --check-prefix=TYPE
// RUN: not spatem-opt %s --pass-pipeline='partition' 2>&1 | filecheck %s --match-full-lines --check-prefix=ACCELERATOR
// RUN: not spatem-opt %s --accelerator tiny --pass-pipeline='partition,partition' 2>&1 | filecheck %s --match-full-lines --check-prefix=TWICE

// STRATEGY: spatem-opt: partition: unknown strategy 'fastest'; one of exact-additive, {{.*}}, spatem, search
// DEAL: spatem-opt: partition: unknown deal 'random'; one of cyclic, blocks
// OPTION: spatem-opt: partition: strategy spatem has no option 'copies'; it has deal
// TYPE: spatem-opt: --pass-pipeline 'partition{alternatives=many}': Incompatible types: given ('many',), expected <class 'int'>
// ACCELERATOR: spatem-opt: builtin.module needs the module attribute hw.accelerator; name an accelerator with --accelerator
// TWICE: spatem-opt: partition: the module holds no cnn.conv, cnn.local or cnn.dense

cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5 : tensor<4xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
