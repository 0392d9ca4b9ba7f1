"""How a network is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ImportOptions:
    """How a network is imported.

    Weight and activation bits are those of generated or quantised layers (None: the default); an
    already quantised model keeps its own.  `calibration` are inputs [n, …] or the .npy file that
    holds them; the other options are those of the passes `calibrate` and `quantize`.  With `raw` a
    model stays as it is imported, operator by operator, for passes of the user's choice.
    """

    weight_bits: int | None = None
    activation_bits: int | None = None
    seed: int = 0
    calibration: str | NDArray[np.float32] | None = None
    activation_scale: str = "max-abs"
    weight_scale: str = "auto"
    per: str = "channel"
    requantize: str = "f32-half-even"
    raw: bool = False
