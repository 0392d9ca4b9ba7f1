"""How a network is imported."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from spatem_ir.support.errors import IneffectiveOptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray


OPTION_NAMES = {"per": "weight-scale-per", "shapes": "shape"}
"""Names of options on the command line, where they are others."""


@dataclass(frozen=True)
class ImportOptions:
    """How a network is imported.

    Weight and activation bits are those of generated or quantised layers (None: the default); an
    already quantised model keeps its own.  `calibration` are inputs [n, …], one array or one for
    each input by its name, or the .npy or .npz file that holds them; without any, random ones are
    drawn.  The other options are those of the passes `calibrate` and `quantize`.  With `raw` a
    model stays as it is imported, operator by operator, for passes of the user's choice.  `shapes`
    has the full shapes [batch, …] of inputs of an ONNX model whose sizes are not in the file.
    `given` names options that must have an effect although they have their default values.
    """

    weight_bits: int | None = None
    activation_bits: int | None = None
    seed: int = 0
    calibration: str | NDArray[Any] | Mapping[str, NDArray[Any]] | None = None
    activation_scale: str = "max-abs"
    weight_scale: str = "auto"
    per: str = "channel"
    requantize: str = "f32-half-even"
    raw: bool = False
    shapes: Mapping[str, tuple[int, ...]] | None = None

    given: frozenset[str] = frozenset()

    def expect_effects(self, source: str, what: str, effective: Collection[str]) -> None:
        """Check that no option asks for something that is not done.

        Args:
            source: What is imported.
            what: Why some options have no effect on it.
            effective: The options that have one.

        Raises:
            IneffectiveOptionError: an option would have no effect.
        """
        for option in fields(self):
            value = getattr(self, option.name)
            is_default = isinstance(value, str | int | None) and value == option.default
            is_given = option.name in self.given or not is_default
            if is_given and option.name not in (*effective, "given"):
                name = OPTION_NAMES.get(option.name, option.name.replace("_", "-"))
                raise IneffectiveOptionError(f"--{name} has no effect on {source}, {what}")


IR = "which is IR; give it where the network is imported"
"""Why no option of the import has an effect on IR."""
