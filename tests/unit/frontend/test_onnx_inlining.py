"""What takes the place of nodes: the branch that an If takes, the bodies of functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser
from unit.frontend.onnx_builder import executed, imported, reference, text_of
from unit.runtime.evaluation import reals

from spatem_ir.frontend.onnx_functions import MOST_NODES
from spatem_ir.support.errors import SpatemError

HEADER = '<ir_version: 8, opset_import: ["": 17, "local": 1]>'


def saved(path: Path, text: str) -> str:
    """A model in ONNX's text form as a file."""
    file = path / "net.onnx"
    onnx.save(parser.parse_model(f"{HEADER}{text}"), file)
    return str(file)


SQUEEZE = """
g (float[n, 3, height, 5] x) => (float[n, c, d] y)
  <int64 two = {2}, int64 one = {1}, int64[1] axis = {2}>
{
  positive = Relu(x)
  shape = Shape(positive)
  rows = Gather<axis = 0>(shape, two)
  is_one = Equal(rows, one)
  y = If (is_one) <
    then_branch = then () => (float[n, 3, 5] inner) { inner = Squeeze(positive, axis) },
    else_branch = other () => (float[n, 3, r, 5] inner) { inner = Identity(positive) }
  >
}
"""
"""What PyTorch's exporter makes of `squeeze(2)` when it does not know the size."""


@pytest.mark.parametrize("rows", [1, 2])
def test_a_squeeze_that_depends_on_the_size(tmp_path: Path, rows: int) -> None:
    path = saved(tmp_path, SQUEEZE if rows == 1 else SQUEEZE.replace("[n, c, d]", "[n, c, d, e]"))
    network = imported(path, raw=True, shapes={"x": (1, 3, rows, 5)})
    assert ("tensor<3x5xf32>" in text_of(network)) == (rows == 1)
    images = reals(1, 2, 3, rows, 5)
    np.testing.assert_array_equal(executed(network, images)[0], reference(path, images)[0])


BRANCHES = """
g (float[n, 3, 4] x) => (float[n, 3, 4] y)
  <bool yes = {1}>
{
  no = Not(yes)
  negative = Neg(x)
  y = If (yes) <
    then_branch = first () => (float[n, 3, 4] inner) <float[1] half = {0.5}>
    {
      magnitude = Abs(x)
      inner = If (no) <
        then_branch = absent () => (float[n, 3, 4] deep) { deep = Sinh(x) },
        else_branch = taken () => (float[n, 3, 4] deep)
          { sum = Add(magnitude, negative)  deep = Mul(sum, half) }
      >
    },
    else_branch = second () => (float[n, 3, 4] inner) { inner = Sinh(negative) }
  >
  z = Sinh(x)
}
"""


def test_branches_in_branches(tmp_path: Path) -> None:
    """A tensor of the outer branch is read in the inner one; a constant stands in a branch."""
    path = saved(tmp_path, BRANCHES)
    network = imported(path, raw=True)
    images = reals(1, 2, 3, 4)
    wanted = np.maximum(-images, 0)
    np.testing.assert_array_equal(executed(network, images)[0], wanted)
    np.testing.assert_array_equal(reference(path, images)[0], wanted)


def test_two_branches_with_equal_names(tmp_path: Path) -> None:
    one = """If (yes) <
      then_branch = then () => (float[n, 3] r) {{ s = Relu({0})  r = Neg(s) }},
      else_branch = other () => (float[n, 3] r) {{ r = Sinh({0}) }}
    >"""
    first, second = one.format("x"), one.format("t")
    text = f"(float[n, 3] x) => (float[n, 3] y) <bool yes = {{1}}> {{ t = {first} y = {second} }}"
    path = saved(tmp_path, f"g {text}")
    images = reals(1, 2, 3)
    (result,) = executed(imported(path, raw=True), images)
    np.testing.assert_array_equal(result, reference(path, images)[0])


def test_a_condition_that_depends_on_the_input(tmp_path: Path) -> None:
    text = """g (float[n, 3] x) => (float[n, 3] y)
    {
      largest = ReduceMax<keepdims = 0>(x)
      condition = Cast<to = 9>(largest)
      y = If (condition) <
        then_branch = then () => (float[n, 3] r) { r = Relu(x) },
        else_branch = other () => (float[n, 3] r) { r = Neg(x) }
      >
    }"""
    with pytest.raises(SpatemError, match="If "):
        imported(saved(tmp_path, text))


def test_functions_that_call_functions(tmp_path: Path) -> None:
    text = """g (float[n, 3, 4] x) => (float[n, 3, 4] y)
    {
      t = local.outer(x)
      y = local.outer(t)
    }
    <domain: "local", opset_import: ["": 17, "local": 1]>
    inner (a) => (b) { b = Relu(a) }
    <domain: "local", opset_import: ["": 17, "local": 1]>
    outer (a) => (b) { c = local.inner(a)  b = Add(a, c) }"""
    path = saved(tmp_path, text)
    images = reals(1, 2, 3, 4)
    (result,) = executed(imported(path, raw=True), images)
    np.testing.assert_array_equal(result, reference(path, images)[0])


def test_functions_are_counted_before_they_are_inlined(tmp_path: Path) -> None:
    """Each calls the one before it twice."""
    head = '<domain: "local", opset_import: ["": 17, "local": 1]>'
    functions = [f"{head} f0 (a) => (b) {{ b = Relu(a) }}"]
    for number in range(1, 40):
        call = f"local.f{number - 1}"
        functions.append(f"{head} f{number} (a) => (b) {{ c = {call}(a)  b = {call}(c) }}")
    text = "g (float[n, 3] x) => (float[n, 3] y) { y = local.f39(x) }"
    path = saved(tmp_path, text + "".join(functions))
    with pytest.raises(SpatemError, match=f"its functions become .* nodes; {MOST_NODES} are"):
        imported(path)
