"""The tables of `spatem-bench pelke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.hardware.loader import named_preset
from spatem_ir.study.markdown import MISSING, count, percent, table
from spatem_ir.study.pelke.layers import LAYERS
from spatem_ir.study.pelke.runs import BUSES, MOST_CORES, PARALLEL, SIDES, PelkeCase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.study.pelke.layers import Convolution
    from spatem_ir.study.pelke.runs import SchemeTimes

WIDEST = BUSES[-1]

SWEPT = tuple(
    layer
    for layer in LAYERS
    if layer.kernel == 1
    and (layer.channels, layer.features)
    in ((128, 128), (256, 256), (512, 512), (512, 1024), (1024, 1024))
)
"""Pointwise convolutions of 16, 64, 256, 512 and 1,024 crossbars of 32 × 32."""

HALVED = next(layer for layer in SWEPT if layer.features == layer.channels == 512)
"""The layer whose crossbars are halved."""

TIMED = (HALVED, next(n for n in LAYERS if (n.channels, n.kernel, n.side) == (256, 1, 7)))
"""Layers of 196 and 49 vectors for which times of the machine are varied."""

SHORT = 175
"""Cycles of an operation if an MVM of 8 bits takes 1.4 µs."""

OPERATIONS, REQUESTS = (SHORT, 1400), (0, 1, 2, 4)
"""Cycles of an operation: an MVM of 8 bits in 1.4 µs or in 11.2 µs; cycles of a request."""

KEPT = 0.9
"""The share of the limit that a bus keeps."""

PUMA_BYTES = 32 * 1024
"""PUMA's attribute memory of a tile: 32 K attributes (Ankit et al., ASPLOS 2019), a byte each."""


def scheme_cases() -> list[PelkeCase]:
    """All convolutions on all crossbars with the widest bus."""
    return [PelkeCase(layer, side, WIDEST) for layer in LAYERS for side in SIDES]


def bus_cases(operation: int | None) -> list[PelkeCase]:
    """Some convolutions on the smallest crossbars with all buses."""
    return [PelkeCase(layer, SIDES[0], bus, operation) for layer in SWEPT for bus in BUSES]


def side_cases() -> list[PelkeCase]:
    """One convolution on all crossbars with all buses, and short operations."""
    return [PelkeCase(HALVED, side, bus, SHORT) for side in SIDES for bus in BUSES]


def time_cases() -> list[PelkeCase]:
    """Two convolutions with other times of the machine."""
    return [
        PelkeCase(layer, SIDES[0], WIDEST, operation, request)
        for layer in TIMED
        for operation in OPERATIONS
        for request in REQUESTS
    ]


def all_cases() -> list[PelkeCase]:
    """What has to be executed for all tables."""
    buses = [*bus_cases(None), *bus_cases(SHORT)]
    several = [*scheme_cases(), *buses, *side_cases(), *time_cases()]
    return [case for case in several if case.is_studied]


def body_of(found: Mapping[PelkeCase, SchemeTimes]) -> str:
    """All tables, under headings."""
    smallest, short = f"{SIDES[0]} × {SIDES[0]}", time_text(SHORT)
    sections = {
        f"Schemes, with a bus of {WIDEST} bytes": scheme_table(found),
        f"Width of the bus, crossbars of {smallest}": bus_table(found, None),
        f"Width of the bus, crossbars of {smallest}, MVM of {short}": bus_table(found, SHORT),
        f"Side of the crossbars: {HALVED.name}, MVM of {short}": side_table(found),
        f"Times of the machine, crossbars of {smallest}": time_table(found),
        "Memory for synchronisation": memory_table(),
    }
    return "\n\n".join(f"### {heading}\n\n{text}" for heading, text in sections.items())


def scheme_table(found: Mapping[PelkeCase, SchemeTimes]) -> str:
    """The speed-up of both schemes by the limit, the bound of the bus, and the bytes of CALLs."""
    rows = []
    for case in scheme_cases():
        own = found.get(case)
        if own is None and case.parts == 1:
            continue
        shares = [percent(own and own.share(scheme), 2) for scheme in PARALLEL]
        bound = percent(own and own.bus_bound, 1)
        rows.append((*_named(case), *shares, bound, percent(own and own.call_share, 2)))
    header = (*NAMED, *PARALLEL, "bound of the bus", "CALLs")
    return table(header, rows, texts=2)


def bus_table(found: Mapping[PelkeCase, SchemeTimes], operation: int | None) -> str:
    """The share of the limit that is reached, layer by layer and bus by bus."""
    rows = []
    for layer in SWEPT:
        several = [found[PelkeCase(layer, SIDES[0], bus, operation)] for bus in BUSES]
        for scheme in PARALLEL:
            shares = (percent(each.share(scheme), 1) for each in several)
            rows.append((layer.name, scheme, count(several[0].case.cores), *shares))
        bounds = (percent(each.bus_bound, 1) for each in several)
        rows.append((layer.name, "bound of the bus", count(several[0].case.cores), *bounds))
    header = ("layer", "scheme", "cores", *(f"{bus} B" for bus in BUSES))
    return table(header, rows, texts=2)


def side_table(found: Mapping[PelkeCase, SchemeTimes]) -> str:
    """The narrowest bus that keeps most of the limit, by the side of crossbars."""
    rows = []
    for side in SIDES:
        several = [found[case] for case in side_cases() if case.side == side]
        kept = [own.case.bus for own in several if own.share("cyclic") >= KEPT]
        load = several[-1].schemes["cyclic"]
        rows.append(
            (
                f"{side} × {side}",
                count(several[0].case.cores),
                f"{min(kept)} B" if kept else MISSING,
                percent(load.bus / load.cycles, 1),
            )
        )
    header = (
        "crossbars",
        "cores",
        f"narrowest bus with {percent(KEPT, 0)}",
        f"bus of {WIDEST} B busy",
    )
    return table(header, rows)


def time_table(found: Mapping[PelkeCase, SchemeTimes]) -> str:
    """The share of the limit by the times that are not published."""
    rows = []
    for layer in TIMED:
        for operation in OPERATIONS:
            for request in REQUESTS:
                own = found[PelkeCase(layer, SIDES[0], WIDEST, operation, request)]
                shares = (percent(own.share(scheme), 2) for scheme in PARALLEL)
                numbers = (count(layer.vectors), count(own.case.cores))
                named = (layer.name, *numbers, time_text(operation))
                rows.append((*named, count(request), *shares))
    header = ("layer", "vectors", "cores", "MVM", "request, cycles", *PARALLEL)
    return table(header, rows)


def time_text(operation: int) -> str:
    """How long an MVM of 8 bits takes with operations of so many cycles."""
    return f"{8 * operation / named_preset('pelke-bus').chip.clock_mhz:.1f} µs"


def memory_table() -> str:
    """The sequence registers of all cores against PUMA's attributes."""
    size = named_preset("pelke-bus").components.accumulation.call_bytes
    rows = [
        (
            count(cores),
            f"{count(size * cores)} bytes",
            f"{count(PUMA_BYTES)} bytes",
            percent(1 - size * cores / PUMA_BYTES, 1),
        )
        for cores in (16, 256, MOST_CORES)
    ]
    return table(("cores", "sequence registers", "PUMA's attributes", "less"), rows)


NAMED = ("network", "layer", "vectors", "crossbars", "cores", "P_V")


def _named(case: PelkeCase) -> tuple[str, ...]:
    layer: Convolution = case.layer
    side = f"{case.side} × {case.side}"
    numbers = (count(layer.vectors), side, count(case.cores), count(case.parts))
    return (layer.network, layer.name, *numbers)
