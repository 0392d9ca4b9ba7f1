"""The strategy `identical`: by hand, and against all common numbers of copies."""

from __future__ import annotations

from bisect import bisect_right

from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed
from unit.passes.test_baselines import TINY, crossbars, networks, with_crossbars

from spatem_ir.dialects.mvm import PackingOp, layer_ops
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.partition.strategies.isaac import proportional_copies
from spatem_ir.passes.partition.whole_crossbars import whole_crossbars
from spatem_ir.support.errors import SpatemError

NETWORK = """
cnn.network @net(%x: tensor<4x1x12xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5
    : tensor<4x1x12xui8> -> tensor<4x1x12xui8>
  %b = cnn.conv @b %a <1x3, strides 1x3> weights #cnn.seeded<1, tensor<4x4x1x3xsi2>> scale 0.5
    : tensor<4x1x12xui8> -> tensor<4x1x4xui8>
  %flat = cnn.flatten %b : tensor<4x1x4xui8> -> tensor<16xui8>
  %c = cnn.dense @c %flat weights #cnn.seeded<2, tensor<4x16xsi2>> scale 0.5
    : tensor<16xui8> -> tensor<4xui8>
  cnn.output %c : tensor<4xui8>
}
"""


def test_copies_by_hand() -> None:
    """12, 4 and 1 windows, a crossbar each: 6 copies take 6 + 4 + 1 of 16, 12 would take 17."""
    module = applied(parsed(NETWORK, TINY), [PartitionPass("identical")])
    assert [layer.grid.data.iw for layer in layer_ops(module)] == [6, 4, 1]
    assert [op.method.data for op in module.ops if isinstance(op, PackingOp)] == ["exclusive"]


@examples(40)
@given(networks(), st.integers(1, 40))
def test_no_larger_common_number_fits(layers: list[Layer], number: int) -> None:
    try:
        mapped = whole_crossbars(layers, with_crossbars(number))
    except SpatemError:
        return

    def with_common(copies: int) -> list[int]:
        return [bisect_right(layer.copies.tolist(), copies) - 1 for layer in mapped]

    most = max(int(layer.copies[-1]) for layer in mapped)
    fitting = [n for n in range(1, most + 1) if crossbars(mapped, with_common(n)) <= number]
    chosen = proportional_copies(mapped, [1] * len(mapped), number)
    assert chosen == with_common(fitting[-1])
