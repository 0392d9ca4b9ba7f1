"""What a partition strategy is, and what it is given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from xdsl.utils.arg_spec import ArgSpecConvertible

from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class Problem:
    """What a strategy is given: the weight layers to partition, and the machine they must fit.

    `ops` are the layers that have no grid yet, at level `cnn` and in network order; from them a
    strategy reaches the rest of the network, their operands, their readers, their module.
    """

    ops: Sequence[WeightLayerOp]
    accelerator: Accelerator

    @cached_property
    def layers(self) -> list[Layer]:
        """The geometry of each layer: matrix, windows, bits; all that most strategies need."""
        return [op.layer for op in self.ops]


def option(default: Any, doc: str) -> Any:
    """Declare an option of a strategy with its default and what it means."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True)
class Strategy(ArgSpecConvertible):
    """A way of partitioning: the record of all that the compiler knows of it.

    A strategy is a frozen dataclass in a file of its own.  Its docstring says in one line what it
    does, then what is stated by a paper [P] and what is reconstruction [R].  Its fields are its
    options (:func:`option`), of the types that options of passes have; what is wrong with a value
    it says in `__post_init__`.

    `name` is what ``partition{strategy=NAME}`` and ``--strategy NAME`` call it: the name of the
    file or entry point, with hyphens.  `packing` is the packing for which it cuts
    (``mvm.packing``), None if any will do.
    """

    name: ClassVar[str]
    packing: ClassVar[str | None] = None

    @abstractmethod
    def partitions(self, problem: Problem) -> Sequence[Partition]:
        """Partitions of all layers, at least one; the first whose cells fit the chip is taken.

        Those after it, smaller and slower, are what `pack` may fall back on.

        Raises:
            SpatemError: the network cannot be partitioned for the machine in this way.
        """

    @classmethod
    def lacks(cls) -> str | None:
        """What it needs that is not installed, and how to install it; None if it can run."""
        return None

    @classmethod
    def summary(cls) -> str:
        """What it does, in a line: the first of its docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def options(cls) -> dict[str, tuple[Any, str]]:
        """The default and the meaning of each option, by name."""
        return {each.name: (each.default, each.metadata["doc"]) for each in fields(cls)}


@dataclass(frozen=True)
class DealingStrategy(Strategy):
    """A strategy that deals the windows of all layers to their copies in one way."""

    deal: str = option("cyclic", "windows go to copies `cyclic` or in `blocks`")

    def __post_init__(self) -> None:
        if self.deal not in tuple(Deal):
            raise SpatemError(f"unknown deal '{self.deal}'; one of {', '.join(Deal)}")
