"""IR of small networks, as text, for tests of dialects."""

CNN = """
cnn.network @net(%image: tensor<1x4x4xui8>) {
  %conv = cnn.conv @conv %image <3x3> groups 1
        weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5 bias #cnn.seeded<9, tensor<4xsi32>>
        : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %local = cnn.local @local %conv <1x1> region <1x2>
        weights #cnn.seeded<1, tensor<2x2x4x1x1xsi2>> scale 0.5
        : tensor<4x2x2xui8> -> tensor<2x2x2xui8>
  %flat = cnn.flatten %local : tensor<2x2x2xui8> -> tensor<8xui8>
  %fc = cnn.dense @fc %flat weights #cnn.seeded<2, tensor<2x8xsi2>> scale 0.5 zero_point 1
        : tensor<8xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}
"""

MVM = """
cnn.network @net(%image: tensor<1x4x4xui8>) {
  %conv = mvm.layer @conv %image <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5
        matrix 9x4 windows 4 grid <hwm = 1, wwm = 2, iw = 2 cyclic, ib = 1, tile 9x2>
        : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %pool = cnn.max_pool @pool %conv <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %flat = cnn.flatten %pool : tensor<4x1x1xui8> -> tensor<4xui8>
  %fc = mvm.layer @fc %flat <1x1> weights #cnn.seeded<1, tensor<2x4xsi2>> scale 0.5
        matrix 4x2 windows 1 grid <hwm = 2, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2>
        : tensor<4xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}
"""

VXB = (
    MVM
    + """
vxb.stage 0 {
  vxb.place @fc tiles 1 crossbars 2 at [4, 8]
  vxb.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]
  vxb.place @fc tiles 0 crossbars 3 at [12, 0]
}
"""
)

PXB = (
    MVM
    + """
pxb.stage 0 {
  pxb.place @conv tiles 0 to 4 crossbars 0 to 16 step 4 at [0, 0]
  pxb.place @fc tiles 0 to 2 crossbars 0 at [12, [0, 2]]
  pxb.home @conv pes [0, 1, 2, 3]
  pxb.home @pool pes [3, 1]
  pxb.home @fc pes 2
}
"""
)

OU = (
    PXB
    + """
ou.stage 0 {
  ou.stream crossbars 0 {
    ou.interleave by [0, 1, 2, 0] {
      ou.mvm @conv windows [1, 0]
      ou.mvm @fc windows 0
      ou.mvm @fc tile 1 windows 0
    }
  }
  ou.stream crossbars 4 to 16 step 4 {
    ou.mvm @conv windows [1, 0]
  }
  ou.merge @conv at <home>
}
"""
)
