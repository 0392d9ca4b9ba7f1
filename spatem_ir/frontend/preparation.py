"""How an imported network became an integer network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Preparation:
    """How an imported network became an integer network.

    Attributes:
        quantized: Whether that was done here, so that it is not the function of the given model.
        calibration: The inputs [n, …] from which scales were taken, if they were: an array for
            each input of the network.
        is_calibration_drawn: Whether these are random ones, for want of others.
        doubts: What is probably not meant in the model, or in them.
    """

    quantized: bool = False
    calibration: list[NDArray[Any]] | None = None
    is_calibration_drawn: bool = False
    doubts: tuple[str, ...] = ()
