"""Which points of a space are evaluated: a grid, drawn ones, or those that a search proposes.

Points are proposed in groups; the next group may depend on the results of all before, in the order
in which they were proposed, and on nothing else: how many workers there are changes nothing.
"""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from spatem_ir.study.explore.guided import Proposals, guided_proposals
from spatem_ir.study.explore.space import Choosing, Space, grid_points
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.explore.axes import SpacePoint

MOST_POINTS = 1_000_000
"""Points of the largest grid."""

MOST_DRAWS = 100
"""How many times as many points are drawn as are wanted, before a space counts as too small."""


def proposals_of(space: Space) -> Proposals:
    """The proposals of a space.

    Raises:
        SpatemError: the grid is too large, or a search needs a package that is not installed.
    """
    match space.choosing:
        case Choosing.GRID:
            return _at_once(whole_grid(space))
        case Choosing.RANDOM:
            return _at_once(drawn_points(space))
    return guided_proposals(space)


def _at_once(points: list[SpacePoint]) -> Proposals:
    yield points


def whole_grid(space: Space) -> list[SpacePoint]:
    """All points of a space.

    Raises:
        SpatemError: they are too many.
    """
    points = list(islice(grid_points(space), MOST_POINTS + 1))
    if len(points) > MOST_POINTS:
        raise SpatemError(
            f"{space.file}: the grid has more than {MOST_POINTS:,} points; set explore.method to "
            "random, nsga2 or tpe, and explore.points"
        )
    return points


def drawn_points(space: Space) -> list[SpacePoint]:
    """Different points, drawn axis by axis with the seed of the space; all if there are too few."""
    assert space.points is not None
    few = list(islice(grid_points(space), space.points + 1))
    if len(few) <= space.points:
        return few
    random, found = Random(space.seed), dict[tuple[object, ...], "SpacePoint"]()
    for _ in range(MOST_DRAWS * space.points):
        point: dict[str, int | float | bool | str] = {}
        for axis in space.axes:
            choices = axis.choices(point)
            if choices:
                point[axis.name] = random.choice(choices)
        found.setdefault(tuple(point.items()), point)
        if len(found) == space.points:
            break
    return list(found.values())
