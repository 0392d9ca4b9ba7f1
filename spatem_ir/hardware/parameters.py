"""What an accelerator is described by: groups of parameters, one TOML table each.

Every group is a frozen dataclass.  A field's metadata states its unit and its legal values; the
TOML loader and the ``#hw.accelerator`` attribute are driven by these fields, so a parameter is
declared in one place only.  Kinds of components declare the parameters that only they have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any

LARGEST_SIDE = 2**16
"""Most wordlines or bitlines of a crossbar; both are cut at every place that may be best."""

MOST_CYCLES = 2**20
"""Most cycles of one thing that a component does, and of what waits for it alone."""

MOST_CELL_BITS = 16
"""Most bits of a cell, of a converter and of what one operation sends, as of codes of layers."""

LARGEST_VALUE = 2**31 - 1
"""Largest value of a parameter that declares no other limit."""


def parameter(
    doc: str, *, minimum: float = 1, maximum: float = LARGEST_VALUE, default: object = MISSING
) -> Any:
    """Declare an accelerator parameter with its description (unit included) and range.

    One with a default need not be given, and is written only where it is another.
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Chip:
    """The processing elements (PEs), in rows, and the clock in which all times are counted."""

    pe_rows: int = parameter("rows of the PE mesh")
    pe_columns: int = parameter("columns of the PE mesh")
    clock_mhz: int = parameter("digital clock, MHz; all times are integer digital cycles")


@dataclass(frozen=True)
class ProcessingElement:
    """A PE: compute units around one buffer, with adders, activation and pooling units."""

    compute_units: int = parameter("compute units (CUs) per PE")
    buffer_bytes: int = parameter("buffer size, bytes")
    port_bytes_per_cycle: int = parameter("width of the port from the buffer to the CUs, bytes")
    adders_per_cycle: int = parameter("partial sums added per cycle")
    activations_per_cycle: int = parameter("values biased, requantised and activated per cycle")
    poolings_per_cycle: int = parameter("values read by the pooling units per cycle")


@dataclass(frozen=True)
class ComputeUnit:
    """A CU: crossbars with an input register and adders; kinds of their own may have more."""

    crossbars: int = parameter("crossbars per CU")
    input_register_bytes: int = parameter("input register, bytes, shared equally by the crossbars")
    adders_per_cycle: int = parameter("partial sums added per cycle")


@dataclass(frozen=True)
class Crossbar:
    """An array of ReRAM cells."""

    wordlines: int = parameter("rows of cells", maximum=LARGEST_SIDE)
    bitlines: int = parameter("columns of cells", maximum=LARGEST_SIDE)
    bits_per_cell: int = parameter("weight bits stored in one cell", maximum=MOST_CELL_BITS)


@dataclass(frozen=True)
class OperationUnit:
    """The part of a crossbar that works at once, and how long one operation takes."""

    wordlines: int = parameter("wordlines driven at once")
    bitlines: int = parameter("bitlines read at once")
    cycles: int = parameter("digital cycles per operation", maximum=MOST_CYCLES)
    pipeline_cycles: int = parameter(
        "cycles from the last operation to valid results", minimum=0, maximum=MOST_CYCLES
    )
    dac_bits: int = parameter("input bits sent per operation", maximum=MOST_CELL_BITS)
    adc_bits: int = parameter(
        "resolution of the analogue-to-digital converters", maximum=MOST_CELL_BITS
    )


class AdcMode(StrEnum):
    """What analogue-to-digital converters (ADCs) make of bitline sums."""

    LOSSLESS = "lossless"
    """The nearest whole number, however large."""
    CLIP = "clip"
    """The nearest whole number; sums above the highest code become the highest code."""
    ROUND = "round"
    """The nearest of 2^bits levels spread evenly over all possible sums."""


class Encoding(StrEnum):
    """How weights are stored in cells, which hold no negative numbers."""

    OFFSET = "offset"
    """Offset binary: an offset is added to every weight, and its share of the result subtracted."""
    DIFFERENTIAL = "differential"
    """Positive and negative weights in bitlines of their own, subtracted after the ADC."""


@dataclass(frozen=True)
class Analog:
    """How exactly cells and converters compute; zeros stand for ideal cells."""

    adc_mode: AdcMode = parameter("what converters make of sums: lossless, clip or round")
    encoding: Encoding = parameter("weights in cells: offset or differential")
    cell_sigma: float = parameter(
        "static deviation of cells: sigma of the logarithm of the conductance", minimum=0, maximum=2
    )
    stuck_at_zero: float = parameter(
        "share of cells that stay at the lowest level", minimum=0, maximum=1
    )
    stuck_at_one: float = parameter(
        "share of cells that stay at the highest level", minimum=0, maximum=1
    )
    read_noise: float = parameter(
        "sigma of the noise of one bitline read, cell levels", minimum=0, maximum=10
    )
    seed: int = parameter("seed of all deviations, faults and noise", minimum=0)


@dataclass(frozen=True)
class ChipIo:
    """The chip's port to the outside, at PE (0, 0)."""

    bytes_per_cycle: int = parameter("bytes per cycle")


@dataclass(frozen=True)
class Energy:
    """Energy per action, picojoule: what is taken only where and while something happens."""

    dac_pj_per_ns: float = parameter("one wordline driven, for each nanosecond", minimum=0)
    adc_conversion_pj: float = parameter("one bitline converted", minimum=0)
    cell_pj_per_ns: float = parameter("one cell read, for each nanosecond", minimum=0)
    shift_add_pj: float = parameter("one shift-and-add or partial-sum addition", minimum=0)
    buffer_byte_pj: float = parameter("one byte read from or written to a PE's buffer", minimum=0)
    register_byte_pj: float = parameter("one byte written to a CU's input register", minimum=0)
    link_byte_pj: float = parameter("one byte over one hop of the network", minimum=0)
    activation_pj: float = parameter("one value requantised and activated", minimum=0)
    pooling_pj: float = parameter("one value read by a pooling unit", minimum=0)
    io_byte_pj: float = parameter("one byte through the chip's port", minimum=0)


@dataclass(frozen=True)
class Power:
    """What one instance of each component takes all the time, idle or not, milliwatt."""

    crossbar_mw: float = parameter(
        "one crossbar with its DACs, ADC and sample-and-hold", minimum=0, default=0.0
    )
    cu_digital_mw: float = parameter("a CU's registers and shift-and-adds", minimum=0, default=0.0)
    pe_digital_mw: float = parameter(
        "a PE's buffer, bus, units and its part of a router", minimum=0, default=0.0
    )
    chip_io_mw: float = parameter("the chip's port", minimum=0, default=0.0)


@dataclass(frozen=True)
class Area:
    """Area of one instance of each component, square millimetres."""

    crossbar_mm2: float = parameter(
        "one crossbar with its DACs, ADC and sample-and-hold", minimum=0
    )
    cu_digital_mm2: float = parameter("a CU's registers and shift-and-adds", minimum=0)
    pe_digital_mm2: float = parameter(
        "a PE's buffer, bus, units and its part of a router", minimum=0
    )
    chip_io_mm2: float = parameter("the chip's port", minimum=0)


class LevelScheme(StrEnum):
    """How a cell of several bits gets from one level to another; the same for a single bit."""

    STEPS = "steps"
    """Up by SETs, down by RESETs, one pulse for each level."""
    ERASE = "erase"
    """Up by a SET for each level; down by one RESET to the lowest level, and up from there."""


@dataclass(frozen=True)
class Writing:
    """The table `[write]`; without it cells are written as the defaults say, which is Gao et al.

    Sources: [P] Gao et al., TECS 23(6):89; [assumed].
    """

    set_ns: float = parameter("one SET pulse, ns", minimum=0, default=10.0)  # [P]
    reset_ns: float = parameter(
        "one RESET pulse of the cell nearest to the drivers, ns", minimum=0, default=10.0
    )  # [P]
    reset_ratio: float = parameter(
        "RESET of the farthest cell by that of the nearest", maximum=1e6, default=70.0
    )  # [P] 70; up to 2 µs: 200
    segment_cells: int = parameter(
        "cells of a wordline that are written together", maximum=LARGEST_SIDE, default=8
    )  # [P] 4 or 8
    drivers: int = parameter(
        "groups of neighbouring wordlines of a crossbar that are written at the same time",
        maximum=LARGEST_SIDE,
        default=1,
    )  # [P]
    levels: LevelScheme = parameter(
        "how cells of several bits change: steps or erase", default=LevelScheme.STEPS
    )  # [assumed]
    verify_loops: float = parameter(
        "pulses until a cell is verified to have its level, on average", maximum=1e6, default=1.0
    )  # [assumed] of no effect in the published model
    verify_ns: float = parameter(
        "the read that verifies a pulse, ns", minimum=0, default=0.0
    )  # [assumed] the same
    set_pj: float = parameter("one SET pulse of a cell", minimum=0, default=2.0)  # [assumed]
    reset_pj: float = parameter("one RESET pulse of a cell", minimum=0, default=2.0)  # [assumed]
    verify_pj: float = parameter("the read that verifies a pulse", minimum=0, default=0.0)
    endurance: float = parameter(
        "times that a cell can be written", maximum=1e18, default=1e9
    )  # [assumed] 10^6 … 10^12 are published for oxide cells


@dataclass(frozen=True)
class KindParameters:
    """The parameters of a component of which there are several kinds, none at first.

    A kind that has any declares a subclass; two kinds of a component never have the same class.
    """


@dataclass(frozen=True)
class Description(ABC):
    """All parameters of an accelerator, and the numbers of parts, which its components say.

    Crossbars are numbered linearly: ``(pe · CUs + cu) · crossbars + crossbar``; PEs row by row.
    """

    name: str
    chip: Chip
    pe: ProcessingElement
    cu: ComputeUnit
    crossbar: Crossbar
    ou: OperationUnit
    analog: Analog
    noc: KindParameters
    io: ChipIo
    energy: Energy
    power: Power
    area: Area
    accumulation: KindParameters
    memory: KindParameters
    write: Writing

    @property
    @abstractmethod
    def pes(self) -> int:
        """PEs on the chip."""

    @property
    @abstractmethod
    def cus_per_pe(self) -> int:
        """Compute units in one PE."""

    @property
    @abstractmethod
    def crossbars_per_cu(self) -> int:
        """Crossbars in one compute unit."""

    @property
    def cycle_ns(self) -> float:
        """Length of a digital cycle, ns."""
        return 1000 / self.chip.clock_mhz

    @cached_property
    def crossbars_per_pe(self) -> int:
        """Crossbars in one PE."""
        return self.cus_per_pe * self.crossbars_per_cu

    @property
    def crossbars(self) -> int:
        """Crossbars on the chip."""
        return self.pes * self.crossbars_per_pe

    @property
    def cells_per_crossbar(self) -> int:
        """Cells in one crossbar."""
        return self.crossbar.wordlines * self.crossbar.bitlines


Value = int | float | bool | str
"""The value of a parameter."""


def parameters_of(group: object) -> dict[str, Value]:
    """The parameters of a group, in declaration order."""
    return {f.name: getattr(group, f.name) for f in fields(group)}  # type: ignore[arg-type]


def stated_parameters(group: object) -> dict[str, Value]:
    """The parameters of a group that are not at their default, in declaration order."""
    defaults = {f.name: f.default for f in fields(group)}  # type: ignore[arg-type]
    return {name: value for name, value in parameters_of(group).items() if value != defaults[name]}
