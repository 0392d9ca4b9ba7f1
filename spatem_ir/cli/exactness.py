"""What inexact arithmetic rules out, and how well a network classifies in spite of it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spatem_ir.hardware.accelerator import Accelerator, Encoding
from spatem_ir.support.errors import SpatemError


def check_encoding(source: str, accelerator: Accelerator) -> None:
    """Check that a deployment's cycles mean something: every weight has the bitlines it is given.

    Raises:
        SpatemError: weights are differential.
    """
    if accelerator.analog.encoding is Encoding.DIFFERENTIAL:
        raise SpatemError(
            f"{source}: differential weights take twice the bitlines, which deployments do not "
            "place; their values can be executed, their cycles not: give --engine none"
        )


def check_exactness(source: str, check: str, inexact: list[str]) -> None:
    """Check that no layer is inexact, as comparisons with exact integers need it.

    Raises:
        SpatemError: some layers are.
    """
    if inexact:
        raise SpatemError(
            f"{source}: --check {check} needs exact arithmetic, but layer @{inexact[0]} has too "
            "few ADC bits or cells that are not ideal; leave --check out and compare accuracies"
        )


def top_classes(outputs: list[NDArray[Any]]) -> NDArray[Any]:
    """The class with the largest value in each image's first output."""
    return outputs[0].reshape(len(outputs[0]), -1).argmax(axis=1)


def share_of(classes: NDArray[Any], expected: NDArray[Any]) -> float:
    """The share of classes that are as expected."""
    return round(float((classes == expected).mean()), 6)
