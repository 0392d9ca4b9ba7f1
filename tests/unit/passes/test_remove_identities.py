"""Removing identities: views are joined to the same view."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import quantized_networks, random_inputs, results, tensor
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn import FlattenOp, TransposeOp
from spatem_ir.operators.identity import IdentityOp
from spatem_ir.passes.remove_identities import RemoveIdentitiesPass

ORDERS = sorted(permutations(range(3)))


@examples(40)
@given(quantized_networks())
def test_no_value_changes(module: ModuleOp) -> None:
    inputs = random_inputs(module)
    before = results(module, inputs)
    after = results(applied(module, [RemoveIdentitiesPass()]), inputs)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(isinstance(op, IdentityOp) for op in module.walk())
    values = [value for op in module.body.block.first_op.walk() for value in op.results]  # type: ignore[union-attr]
    assert all(value.uses for value in values)


@examples(40)
@given(st.lists(st.sampled_from(ORDERS), min_size=1, max_size=5))
def test_transpositions_are_one_or_none(orders: list[tuple[int, ...]]) -> None:
    shape, name, lines = (2, 3, 4), "%x", []
    for number, order in enumerate(orders):
        turned = tuple(shape[axis] for axis in order)
        types = f"{tensor(shape, 'ui8')} -> {tensor(turned, 'ui8')}"
        lines.append(f"  %v{number} = cnn.transpose {name} {list(order)} : {types}")
        name, shape = f"%v{number}", turned
    lines.append(f"  cnn.output {name} : {tensor(shape, 'ui8')}")
    module = parsed("\n".join(["cnn.network @net(%x: tensor<2x3x4xui8>) {", *lines, "}"]))
    inputs = [np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)]
    (before,) = results(module, inputs)
    (after,) = results(applied(module, [RemoveIdentitiesPass()]), inputs)
    np.testing.assert_array_equal(before, after)
    left = [op for op in module.walk() if isinstance(op, TransposeOp)]
    assert len(left) == (0 if shape == (2, 3, 4) else 1)


@examples(40)
@given(st.lists(st.sampled_from([(24,), (2, 12), (4, 6), (2, 3, 4)]), min_size=1, max_size=5))
def test_reshapings_are_one_or_none(shapes: list[tuple[int, ...]]) -> None:
    shape, name, lines = (2, 3, 4), "%x", []
    for number, wanted in enumerate(shapes):
        types = f"{tensor(shape, 'ui8')} -> {tensor(wanted, 'ui8')}"
        lines.append(f"  %v{number} = cnn.flatten {name} : {types}")
        name, shape = f"%v{number}", wanted
    lines.append(f"  cnn.output {name} : {tensor(shape, 'ui8')}")
    module = parsed("\n".join(["cnn.network @net(%x: tensor<2x3x4xui8>) {", *lines, "}"]))
    applied(module, [RemoveIdentitiesPass()])
    left = [op for op in module.walk() if isinstance(op, FlattenOp)]
    assert len(left) == (0 if shape == (2, 3, 4) else 1)
