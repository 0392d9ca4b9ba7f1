"""Delivery: operand by operand, through views, what `ou.send` names a reader for."""

from __future__ import annotations

import numpy as np
import pytest
from differential.text import parsed
from unit.runtime.machine.programs import dense, deployment

from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.values.delivery import Delivery

SENDS = {
    "input": ("a", "b"),
    "a": ("s", "output1"),
    "b": ("s",),
    "s": ("output",),
}
"""@s adds @b to the elements of @a and @b in turns; @a is an output, too."""


def text(sends: dict[str, tuple[str, ...]]) -> str:
    return deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 2xui8", wwm=2),
            dense("b", "input", "4xui8 -> 4xui8"),
            "%h = cnn.flatten %b : tensor<4xui8> -> tensor<2x2xui8>",
            "%g = cnn.flatten %a : tensor<2xui8> -> tensor<1x2xui8>",
            "%c = cnn.concat %g, %h : tensor<1x2xui8>, tensor<2x2xui8> -> tensor<3x2xui8>",
            "%t = cnn.transpose %c [1, 0] : tensor<3x2xui8> -> tensor<2x3xui8>",
            "%u = cnn.flatten %t : tensor<2x3xui8> -> tensor<6xui8>",
            "%p = cnn.pad @p %b before [1] after [1] value 0.0 : tensor<4xui8> -> tensor<6xui8>",
            "%s = cnn.add @s %p, %u : tensor<6xui8>, tensor<6xui8> -> tensor<6xui8>",
        ],
        places=[
            "@a tiles 0 to 2 crossbars 0 to 2 at [0, 0]",
            "@b tiles 0 crossbars 4 at [0, 0]",
        ],
        homes=["@a pes 0 to 2", "@b pes 1", "@p pes 2", "@s pes 3"],
        streams=[
            "crossbars 0 to 2 { ou.mvm @a tiles 0 to 2 windows 0 }",
            "crossbars 4 { ou.mvm @b tiles 0 windows 0 }",
        ],
        sends=[
            f"@{node} to [{', '.join(f'@{reader}' for reader in readers)}]"
            for node, readers in {**SENDS, "p": ("s",), **sends}.items()
            if readers
        ],
        output="%s, %a : tensor<6xui8>, tensor<2xui8>",
    )


@pytest.mark.parametrize(
    ("sends", "missing"),
    [
        ({"b": ("s", "p")}, {}),
        ({"b": ("s",)}, {("cnn.pad", 0): [True] * 4}),
        ({"b": ("p",)}, {("cnn.add", 1): [False, True, True] * 2}),
        (
            {"a": (), "b": ("s", "p")},
            {("cnn.add", 1): [True, False, False] * 2, ("cnn.output", 1): [True] * 2},
        ),
        ({"b": ("s", "p"), "p": ()}, {("cnn.add", 0): [True] * 6}),
    ],
)
def test_a_reader_gets_what_it_is_named_for(
    sends: dict[str, tuple[str, ...]], missing: dict[tuple[str, int], list[bool]]
) -> None:
    module = parsed(text(sends), verify=not missing)
    delivery = Delivery.by_sends(module)
    found = {(op.name, number): mask for (op, number), mask in delivery.missing.items()}
    assert {key: mask.tolist() for key, mask in found.items()} == missing


def test_what_was_not_sent_is_zero() -> None:
    images = [np.array([[200, 100, 50, 25], [1, 2, 3, 4]], np.uint8)]
    complete = execute(parsed(text({"b": ("s", "p")})), images)
    both = execute(parsed(text({"b": ("p",)}), verify=False), images)
    one = execute(parsed(text({"b": ("p",), "p": ()}), verify=False), images)
    first, second = complete[1].T
    zero = np.zeros_like(first)
    np.testing.assert_array_equal(one[0], np.stack([first, zero, zero, second, zero, zero], axis=1))
    for result in (both, one):
        np.testing.assert_array_equal(result[1], complete[1])
    assert (complete[0] != both[0]).any()
    assert (both[0] != one[0]).any()
