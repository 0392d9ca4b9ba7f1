"""Proposals of Optuna's samplers: NSGA-II in generations, or a tree-structured Parzen estimator.

Deb et al., *A fast and elitist multiobjective genetic algorithm: NSGA-II*, IEEE TEC 6(2), 2002;
Ozaki et al., *Multiobjective tree-structured Parzen estimator*, JAIR 73, 2022.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, cast

from spatem_ir.study.explore.space import Choosing
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler

    from spatem_ir.hardware.parameters import Value
    from spatem_ir.study.explore.axes import SpaceAxis, SpacePoint
    from spatem_ir.study.explore.front import Scores
    from spatem_ir.study.explore.space import Space

Proposals = Generator[list["SpacePoint"], list["Scores"], None]
"""Gives groups of points and is sent the scores of each group's points."""


def guided_proposals(space: Space) -> Proposals:
    """Groups of points that a seeded sampler proposes after it has seen all scores before.

    A point may be proposed again.  One without scores, such as a network that does not fit, is
    told to the sampler as failed.

    Raises:
        SpatemError: Optuna is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise SpatemError(
            f"{space.file}: explore.method = {space.choosing} needs optuna: install the extra "
            "explore: spatem-ir[explore]"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        directions=[goal.direction for goal in space.goals], sampler=_sampler(space)
    )
    return _groups(space, study)


def _sampler(space: Space) -> BaseSampler:
    from optuna.samplers import NSGAIISampler, TPESampler

    with warnings.catch_warnings(action="ignore"):
        if space.choosing is Choosing.NSGA2:
            return NSGAIISampler(population_size=space.population, seed=space.seed)
        return TPESampler(seed=space.seed)


def _groups(space: Space, study: Study) -> Proposals:
    from optuna.trial import TrialState

    assert space.points is not None
    for first in range(0, space.points, space.population):
        size = min(space.population, space.points - first)
        with warnings.catch_warnings(action="ignore"):
            trials = [study.ask() for _ in range(size)]
            points = [_suggested(space, trial) for trial in trials]
        scores = yield points
        for trial, own in zip(trials, scores, strict=True):
            if own is None:
                study.tell(trial, state=TrialState.FAIL)
            else:
                study.tell(trial, list(own))


def _suggested(space: Space, trial: Trial) -> SpacePoint:
    """The point that a trial suggests, axis by axis."""
    point: dict[str, Value] = {}
    for axis in space.axes:
        choices = axis.choices(point)
        if len(choices) == 1:
            point[axis.name] = choices[0]
        elif choices and _is_ordered(axis):
            point[axis.name] = choices[trial.suggest_int(axis.name, 0, len(choices) - 1)]
        elif choices:
            point[axis.name] = cast("Value", trial.suggest_categorical(axis.name, choices))
    return point


def _is_ordered(axis: SpaceAxis) -> bool:
    """Whether its values are numbers in ascending order, so that neighbours are alike."""
    numbers = [value for value in axis.values if type(value) in (int, float)]
    return len(numbers) == len(axis.values) > 0 and numbers == sorted(numbers)
