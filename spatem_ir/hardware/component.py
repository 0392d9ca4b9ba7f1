"""What all components of an accelerator have: parameters, energy and area.

A component is a part of the machine that may be of another kind in another machine.  It holds pure
functions and numbers; passes, estimates, bounds, the verifier and both engines ask it, and nothing
but its own files knows of which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from spatem_ir.hardware.parameters import Description

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

Count = TypeVar("Count", int, "Ints")
"""A number of something, or an array of numbers: what is asked of one can be asked of many."""


@dataclass(frozen=True)
class Actions:
    """How often an execution did what takes energy, and for how long the chip was on.

    Attributes:
        cycles: digital cycles of the whole chip.
        dac_conversions: wordlines driven, over all OU operations.
        adc_conversions: bitlines converted; a shift-and-add follows each.
        cell_reads: cells read.
        registered_bytes: bytes written to input registers, for each crossbar that they are for.
        additions: partial sums added in CUs, PEs and at home.
        fetched_bytes: bytes read from PE buffers for the CUs.
        written_bytes: bytes written to PE buffers: pieces where they are made and where they
            arrive, partial sums that meet there.
        read_bytes: bytes read from them for anything but CUs: to be sent, by digital operators, on
            their way out of the chip, to be added.
        activated_values, pooled_values: values that activation and pooling units worked on.
        link_bytes: bytes times the links that they crossed.
        io_bytes: bytes through the chip's port.
        external_bytes: those of them that go to the memory behind the port, or come from it.
        set_pulses, reset_pulses: pulses that change the levels of cells between stages, without
            those of verify loops.
    """

    cycles: float = 0
    dac_conversions: int = 0
    adc_conversions: int = 0
    cell_reads: int = 0
    registered_bytes: int = 0
    additions: int = 0
    fetched_bytes: int = 0
    written_bytes: int = 0
    read_bytes: int = 0
    activated_values: int = 0
    pooled_values: int = 0
    link_bytes: int = 0
    io_bytes: int = 0
    external_bytes: int = 0
    set_pulses: int = 0
    reset_pulses: int = 0


Changes = Mapping[tuple[str, str], "int | float | bool | str"]
"""Parameters (group, name) of an accelerator and other values for them."""


STATIC = "static"
"""The group of the parts whose energy is taken all the time, whatever happens."""


class Part(NamedTuple):
    """A part whose energy or area is counted on its own.

    Its key in JSON, and for reports what it is called and among which parts it is listed.
    """

    key: str
    group: str
    label: str

    @property
    def is_static(self) -> bool:
        """Whether its energy does not depend on what happens, but on how long it takes."""
        return self.group == STATIC


class Component(ABC):
    """A component of an accelerator, made of the accelerator's description."""

    Parameters: ClassVar[type]
    """The dataclass of the TOML table that describes components of this kind."""

    energies: ClassVar[tuple[Part, ...]] = ()
    """The parts whose energy it counts."""

    areas: ClassVar[tuple[Part, ...]] = ()
    """The parts whose area it counts; none where another component counts it."""

    rules: ClassVar[str | None] = None
    """The package that holds rules in time that only this kind has, one module for each engine.

    None if what the component says of itself suffices.
    """

    def __init__(self, description: Description):
        self.description = description

    @abstractmethod
    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of :attr:`energies` for so many actions and cycles, picojoule."""

    def static_pj(self, actions: Actions, milliwatt: float) -> float:
        """What takes some power all the time takes in the cycles of the actions, picojoule."""
        return milliwatt * actions.cycles * self.description.cycle_ns

    def area_mm2(self) -> dict[Part, float]:
        """The area of :attr:`areas`, square millimetres."""
        return {}
