"""Every published number again: theirs, ours, and the deviation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.heuristics import (
    identical_copies,
    results_copies,
    stride_copies,
)
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.allocation.steps import pipeline_steps
from spatem_ir.study.li.published import (
    conv_strides,
    published,
    published_buses,
    published_pipeline,
    step_times,
)
from spatem_ir.study.li.reasons import REASONS
from spatem_ir.support.messages import SILENT, Messages

TOLERANCE = 0.02
"""What a bar that is read from a figure may deviate by."""

TRIALS, SEED = 200, 0
"""Random allocations of each network in table 4; the paper has 10,000, and does not say which."""

MOST_RANDOM_CROSSBARS = 8192
"""Crossbars of the largest random allocation: those of the largest published case."""


@dataclass(frozen=True)
class Reproduced:
    """A published number, or the copies of all layers, beside ours.

    `is_band` says that the paper's is no number to reach, for what it was taken from is not
    stated.
    """

    source: str
    case: str
    quantity: str
    theirs: float | tuple[float, ...]
    ours: float | tuple[float, ...]
    is_band: bool = False

    @property
    def deviation(self) -> float | None:
        """(Ours − theirs) / theirs; of several numbers, whether they are equal: 0, or None."""
        if isinstance(self.theirs, tuple) or isinstance(self.ours, tuple):
            return 0.0 if self.theirs == self.ours else None
        return self.ours / self.theirs - 1

    @property
    def deviates(self) -> bool:
        """Whether it deviates by more than figures are read to."""
        return not self.is_band and (self.deviation is None or abs(self.deviation) > TOLERANCE)

    @property
    def reason(self) -> str | None:
        """Why it deviates, as far as that is known."""
        return REASONS.get((self.source, self.case, self.quantity))


def reproduction(say: Messages = SILENT) -> list[Reproduced]:
    """All tables and figures, in the paper's order."""
    parts = (table_4, table_5, table_6, figure_6a, figure_7, figure_8, figure_9)
    found: list[Reproduced] = []
    for part in parts:
        say.step(f"reproducing {part.__name__.replace('_', ' ')}")
        found += part()
    return found


@cache
def published_copies(
    network: str, side: int, crossbars: int, bandwidth: float | None = None
) -> tuple[int, ...]:
    """The published solver's answer, without buses or with buses of so many times the width."""
    buses = None if bandwidth is None else published_buses(bandwidth)
    model = PipelineModel(published_pipeline(network, side), buses=buses)
    return tuple(allocated(model, crossbars, spare=False))


def case_name(network: str, crossbars: int, side: int) -> str:
    """A case as tables call it."""
    return f"{network}, {crossbars:,} of {side}²"


def table_4() -> Iterator[Reproduced]:
    """Accuracy of the model on random allocations: a band, for theirs are not stated."""
    for network, stated in published()["table4"].items():
        errors = model_errors(network)
        shares = {
            "below_1": (errors < 0.01).mean(),
            "from_1_to_5": ((errors >= 0.01) & (errors <= 0.05)).mean(),
            "above_5": (errors > 0.05).mean(),
            "average": 1 - errors.mean(),
        }
        for name, share in shares.items():
            text = "average accuracy, %" if name == "average" else f"error {name}, % of cases"
            quantity = text.replace("_", " ")
            ours = round(100 * float(share), 1)
            yield Reproduced("Table 4", network, quantity, stated[name], ours, is_band=True)


def model_errors(network: str) -> np.ndarray:
    """|model − steps| / steps of random allocations in crossbars of 128²: shape [trials].

    [R] A layer's share of uniformly many crossbars is what its results need, times a uniformly
    random factor from ½ to 1½.
    """
    pipeline = published_pipeline(network, 128)
    generator = np.random.default_rng(SEED)
    crossbars = generator.integers(pipeline.sets.sum(), MOST_RANDOM_CROSSBARS, TRIALS)
    shares = generator.uniform(0.5, 1.5, (TRIALS, len(pipeline))) * pipeline.results
    copies = (crossbars / (shares @ pipeline.sets))[:, None] * shares
    copies = np.clip(copies.astype(np.int64), 1, pipeline.results)
    operations = PipelineModel(pipeline).evaluated(copies.T).operations
    steps = np.array([pipeline_steps(pipeline, own) for own in copies.tolist()])
    return np.abs(operations - steps) / steps


def table_5() -> Iterator[Reproduced]:
    """Operations, and what WoHo leaves over."""
    for row in published()["table5"]:
        network, crossbars, side = row["network"], row["crossbars"], row["side"]
        case, pipeline = case_name(network, crossbars, side), published_pipeline(network, side)
        copies, woho = (
            published_copies(network, side, crossbars),
            results_copies(pipeline, crossbars),
        )
        yield Reproduced("Table 5", case, "proposed", row["proposed"], bar(network, side, copies))
        yield Reproduced("Table 5", case, "WoHo", row["woho"], operations(network, side, woho))
        left = crossbars - pipeline.used(woho)
        yield Reproduced("Table 5", case, "crossbars that WoHo leaves", row["left"], left)


def table_6() -> Iterator[Reproduced]:
    """Copies, the time of a step of each layer, and operations."""
    for row in published()["table6"]:
        network, crossbars = row["network"], row["crossbars"]
        case = case_name(network, crossbars, 128) + (", with buses" if row["buses"] else "")
        bandwidth = 1.0 if row["buses"] else None
        copies = published_copies(network, 128, crossbars, bandwidth)
        yield Reproduced("Table 6", case, "copies", tuple(row["copies"]), copies)
        times = tuple(round(time, 2) for time in step_times(network, 128, list(copies)))
        yield Reproduced("Table 6", case, "µs of a step", tuple(row["step_us"]), times)
        found = operations(network, 128, copies)
        yield Reproduced("Table 6", case, "operations", row["operations"], found)


def figure_6a() -> Iterator[Reproduced]:
    """Operations of the published allocations, by the model."""
    for row in published()["figure6a"]:
        network, crossbars, side = row["network"], row["crossbars"], row["side"]
        found = operations(network, side, published_copies(network, side, crossbars))
        case = case_name(network, crossbars, side)
        yield Reproduced("Figure 6a", case, "proposed", row["proposed"], found)


def figure_7() -> Iterator[Reproduced]:
    """Operations of the published allocations and of rules of thumb."""
    for row in published()["figure7"]:
        network, crossbars, side = row["network"], row["crossbars"], row["side"]
        case, pipeline = case_name(network, crossbars, side), published_pipeline(network, side)
        copies = published_copies(network, side, crossbars)
        yield Reproduced("Figure 7", case, "proposed", row["proposed"], bar(network, side, copies))
        others = {
            "woho": ("WoHo", results_copies(pipeline, crossbars)),
            "strides": ("Sc²", stride_copies(pipeline, crossbars, conv_strides(network))),
            "identical": ("identical", identical_copies(pipeline, crossbars)),
        }
        for name, (label, other) in others.items():
            if name in row:
                found = operations(network, side, other)
                yield Reproduced("Figure 7", case, label, row[name], found)


def figure_8() -> Iterator[Reproduced]:
    """Times with buses: ISAAC's copies, those found without regard to buses, and with it.

    The axis of part (c), VGG-E's, is a decade too low.
    """
    for row in published()["figure8"]:
        network, tiles = row["network"], row["tiles"]
        crossbars = tiles * published()["machine"]["tile_crossbars"]
        pipeline = published_pipeline(network, 128)
        found = {
            "isaac_us": ("ISAAC", stride_copies(pipeline, crossbars, conv_strides(network))),
            "without_buses_us": ("without buses", published_copies(network, 128, crossbars)),
            "with_buses_us": ("with buses", published_copies(network, 128, crossbars, 1.0)),
        }
        model = PipelineModel(pipeline, buses=published_buses())
        scale, note = (10, ", axis × 10") if network == "VGG-E" else (1, "")  # a misprint
        for name, (label, copies) in found.items():
            case, ours = f"{network}, {tiles} tiles", round(model.time(copies), 1)
            theirs = row[name] * scale
            yield Reproduced("Figure 8", case, f"{label}, µs{note}", theirs, ours)


def figure_9() -> Iterator[Reproduced]:
    """Copies with buses of other widths."""
    for row in published()["figure9"]:
        copies = published_copies(row["network"], 128, row["crossbars"], row["bandwidth"])
        case = f"{case_name(row['network'], row['crossbars'], 128)}, {row['bandwidth']:g} × buses"
        yield Reproduced("Figure 9", case, "copies", tuple(row["copies"]), copies)


def operations(network: str, side: int, copies: Sequence[int]) -> int:
    """Op of an allocation by the published model."""
    return PipelineModel(published_pipeline(network, side)).operations(copies)


def bar(network: str, side: int, copies: Sequence[int]) -> int:
    """What figure 7 and table 5 draw for an allocation: Op, of VGG-E the steps [R]."""
    if network == "VGG-E":
        return pipeline_steps(published_pipeline(network, side), copies)
    return operations(network, side, copies)
