"""An exploration: points are proposed, looked up or evaluated, kept and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.study.explore.evaluation import Finding
from spatem_ir.study.explore.experiments import Experimenter
from spatem_ir.study.explore.front import front_of
from spatem_ir.study.explore.proposals import proposals_of
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.explore.axes import SpacePoint
    from spatem_ir.study.explore.experiments import Experiment
    from spatem_ir.study.explore.front import Scores
    from spatem_ir.study.explore.space import Space
    from spatem_ir.study.explore.store import ResultStore
    from spatem_ir.study.explore.workers import Workers


@dataclass(frozen=True)
class ExploredPoint:
    """A point of a space and what became of it; `doubts` are those about its machine."""

    point: SpacePoint
    finding: Finding
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explored:
    """All points that were explored, each once, in the order in which they were proposed."""

    space: Space
    points: tuple[ExploredPoint, ...]

    @cached_property
    def front(self) -> list[int]:
        """The numbers of the points on the Pareto front."""
        scores = [scores_of(self.space, explored.finding) for explored in self.points]
        return front_of(scores, [goal.is_maximised for goal in self.space.goals])


@dataclass
class Tally:
    """How far an exploration is.

    `total` is the number of points that are known to come, `kept` how many were in the store,
    `failed` how many have no results.
    """

    total: int = 0
    done: int = 0
    kept: int = 0
    failed: int = 0
    report: Callable[[Tally], None] = field(default=lambda _: None, repr=False)

    def one_more(self, finding: Finding, *, kept: bool) -> None:
        """A point is done; it was kept from an earlier exploration or is new."""
        self.done += 1
        self.kept += kept
        self.failed += finding.failure is not None
        self.report(self)


def explore(space: Space, store: ResultStore, workers: Workers, progress: Tally) -> Explored:
    """Explore a space; what the store has is not evaluated again, what is new it keeps.

    Raises:
        SpatemError: the space is too large, the store cannot be written, or workers are no use.
    """
    experimenter = Experimenter(space)
    explored: dict[tuple[object, ...], ExploredPoint] = {}
    proposals = proposals_of(space)
    progress.total = space.points or 0
    group = next(proposals, None)
    while group is not None:
        new = {identity(point): point for point in group if identity(point) not in explored}
        progress.total = max(progress.total, len(explored) + len(new))
        explored |= _explored(new, experimenter, store, workers, progress)
        scores = [scores_of(space, explored[identity(point)].finding) for point in group]
        try:
            group = proposals.send(scores)
        except StopIteration:
            group = None
    return Explored(space, tuple(explored.values()))


def identity(point: SpacePoint) -> tuple[object, ...]:
    """What two points have in common only if they are the same."""
    return tuple((name, type(value), value) for name, value in point.items())


def scores_of(space: Space, finding: Finding) -> Scores:
    """The values of all objectives at a point; None if one is missing."""
    values = [finding.metrics.get(goal.metric) for goal in space.goals]
    scores = [float(value) for value in values if value is not None]
    return scores if len(scores) == len(values) else None


def _explored(
    points: Mapping[tuple[object, ...], SpacePoint],
    experimenter: Experimenter,
    store: ResultStore,
    workers: Workers,
    progress: Tally,
) -> dict[tuple[object, ...], ExploredPoint]:
    """Points by identity, in their order; several may be one experiment."""
    experiments: dict[tuple[object, ...], Experiment] = {}
    impossible: dict[tuple[object, ...], Finding] = {}
    found: dict[str, Finding] = {}
    missing: dict[str, Experiment] = {}
    for own, point in points.items():
        try:
            experiments[own] = experiment = experimenter.experiment(point)
        except SpatemError as error:
            impossible[own] = Finding("", {}, str(error))
            progress.one_more(impossible[own], kept=False)
            continue
        kept = found.get(experiment.key) or store.get(experiment.key)
        if kept is not None:
            found[experiment.key] = kept
            progress.one_more(kept, kept=True)
        elif experiment.key in missing:
            progress.total -= 1
        else:
            missing[experiment.key] = experiment
    for finding in workers.findings(missing.values()):
        found[finding.key] = finding
        if finding.is_lasting:
            store.put(missing[finding.key], finding)
        progress.one_more(finding, kept=False)
    return {
        own: ExploredPoint(point, impossible[own])
        if own in impossible
        else ExploredPoint(point, found[experiments[own].key], tuple(experiments[own].doubts))
        for own, point in points.items()
    }
