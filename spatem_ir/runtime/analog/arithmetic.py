"""What the analogue part of an accelerator does to the values of a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.parameters import Analog, Encoding
from spatem_ir.runtime.analog import LARGEST_SUM
from spatem_ir.runtime.analog.adc import Adc
from spatem_ir.support.errors import SpatemError

LARGEST_NORMAL = 6.8
"""No standard normal number is larger."""


@dataclass(frozen=True)
class OuArithmetic:
    """How operation units compute: their shape, converters and cells.

    `wordlines` work at once; cells hold `cell_bits` bits; an operation sends `dac_bits` bits of
    each input.
    """

    wordlines: int
    cell_bits: int
    dac_bits: int
    adc_bits: int
    analog: Analog

    @staticmethod
    def of(accelerator: Accelerator) -> OuArithmetic:
        """The arithmetic of an accelerator."""
        return OuArithmetic(
            wordlines=accelerator.ou.wordlines,
            cell_bits=accelerator.crossbar.bits_per_cell,
            dac_bits=accelerator.ou.dac_bits,
            adc_bits=accelerator.ou.adc_bits,
            analog=accelerator.analog,
        )

    def expect_computable(self, accelerator: str) -> None:
        """Check that sums that are not exact fit into the integers that compute them.

        Raises:
            SpatemError: bitline sums of the accelerator with this name can become too large.
        """
        sums, sigma = self.largest_sum(self.wordlines), self.analog.cell_sigma
        largest = sums * exp(LARGEST_NORMAL * sigma)
        if not self.exact(self.wordlines) and largest >= LARGEST_SUM:
            raise SpatemError(
                f"'{accelerator}': bitline sums of {sums:,} levels, of cells that deviate by "
                f"analog.cell_sigma = {sigma}, can reach {largest:,.0f} levels; at most "
                f"{LARGEST_SUM:,} can be computed with: use a smaller ou.wordlines, ou.dac_bits or "
                "analog.cell_sigma"
            )

    def largest_sum(self, rows: int) -> int:
        """The largest sum of one operation on a tile of so many rows, in levels."""
        levels = ((1 << self.cell_bits) - 1) * ((1 << self.dac_bits) - 1)
        return min(rows, self.wordlines) * levels

    @cached_property
    def adc(self) -> Adc:
        """The converters at the end of every bitline."""
        return Adc(self.analog.adc_mode, self.adc_bits, self.largest_sum(self.wordlines))

    @property
    def differential(self) -> bool:
        """Whether positive and negative weights have bitlines of their own."""
        return self.analog.encoding is Encoding.DIFFERENTIAL

    @property
    def static_cells(self) -> bool:
        """Whether cells read the same every time."""
        return self.analog.read_noise == 0

    @property
    def ideal_cells(self) -> bool:
        """Whether cells have exactly the level that was written, every time."""
        analog = self.analog
        return (
            self.static_cells
            and analog.cell_sigma == analog.stuck_at_zero == analog.stuck_at_one == 0
        )

    def lossless(self, rows: int) -> bool:
        """Whether converters resolve every possible sum of ideal cells of a tile with `rows`."""
        return self.adc.resolves(self.largest_sum(rows))

    def exact(self, rows: int) -> bool:
        """Whether a tile of so many rows gives exact integers: all operations are one product."""
        return self.ideal_cells and self.lossless(rows)
