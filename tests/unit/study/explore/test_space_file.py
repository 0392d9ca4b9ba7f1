"""Design spaces in TOML: what is read, and one line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.study.explore.spaces import AXES, written

from spatem_ir.study.explore.space import Choosing, Goal, grid_points
from spatem_ir.study.explore.space_file import load_space
from spatem_ir.support.errors import SpatemError


def test_conditions_and_axes_that_go_together(tmp_path: Path) -> None:
    text = """\
noc.bytes_per_cycle = { values = [8, 16], when = { noc.kind = "bus" } }
noc.kind = ["mesh", "bus"]
chip.pe_columns = { same_as = "chip.pe_rows" }
chip.pe_rows = [2, 3]
"""
    points = list(grid_points(load_space(written(tmp_path, AXES + text))))
    varied = [{name: value for name, value in point.items() if "." in name} for point in points]
    square = ({"chip.pe_rows": n, "chip.pe_columns": n} for n in (2, 3))
    kinds = [
        {"noc.kind": "mesh"},
        {"noc.kind": "bus", "noc.bytes_per_cycle": 8},
        {"noc.kind": "bus", "noc.bytes_per_cycle": 16},
    ]
    own = list(square)
    assert len(varied) == 6
    assert all({**kind, **size} in varied for kind in kinds for size in own)


def test_settings(tmp_path: Path) -> None:
    text = """\
[explore]
method = "nsga2"
points = 30
population = 10
images_in_flight = 3
[objectives]
agreement = "max"
latency_cycles = "min"
[values]
images = 5
"""
    space = load_space(written(tmp_path, text + AXES))
    assert (space.choosing, space.points, space.population) == (Choosing.NSGA2, 30, 10)
    assert space.goals == (Goal("agreement", True), Goal("latency_cycles", False))
    assert space.values is not None
    assert space.images_in_flight == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[axis]\n", "unknown key 'axis'; the tables are [explore], [objectives]"),
        ("[axes", "not a readable TOML file"),
        ("", "axes.network is missing; name a network"),
        ('[axes]\nnetwork = "nte"\n', "axes.network: unknown network 'nte'"),
        (AXES + "strategy = 'spatme'\n", "axes.strategy: unknown strategy 'spatme'; one of"),
        (AXES + "ou.wordline = 4\n", "axes.ou.wordline: there is no such key; those of [ou] are"),
        (AXES + "ou.wordlines = 'a'\n", "axes.ou.wordlines is 'a'; it must be a whole number"),
        (AXES + "ou.adc_bits = [4, 99]\n", "axes.ou.adc_bits is 99; it must be a whole number"),
        (AXES + "noc.kind = 'ring'\n", "axes.noc.kind is 'ring'; it must be one of mesh, bus"),
        (AXES + "noc.bytes_per_cycle = 8\n", "there is no such key; those of [noc] are kind, "),
        (AXES + "'ou.wordlines' = 4\n", "axes: write ou.wordlines without quotes"),
        (AXES + "effort = 4\n", "axes: unknown axis 'effort'; it is network, accelerator,"),
        (AXES + "nco.kind = 'bus'\n", "axes.nco.kind: there is no group 'nco'"),
        (AXES + "order.bufers = 'ignore'\n", "axes.order.bufers = ignore: "),
        (AXES + "partition.effort = 4\nstrategy = 'isaac'\n", "strategy isaac has no option"),
        (AXES + "expand-ou.until = 'ou'\n", "expand-ou does not run; these do: assign, order"),
        (AXES + "import.bits = 4\n", "axes.import.bits: there is no such option; those are"),
        (AXES + "import.seed = 'a'\n", "axes.import.seed is 'a'; it must be of type int"),
        (
            AXES + "ou.wordlines = {values = [2], when = {ou.bitlines = 4}}\n",
            "axes.ou.wordlines: there is no axis 'ou.bitlines'; the axes are network,",
        ),
        (
            AXES + "ou.wordlines = {values = [2], when = {strategy = 'li'}}\nstrategy = 'isaac'\n",
            "axes.ou.wordlines: when strategy = li is never the case; its values are isaac",
        ),
        (
            AXES + "ou.wordlines = {same_as = 'ou.bitlines'}\n"
            "ou.bitlines = {same_as = 'ou.wordlines'}\n",
            "the axes ou.wordlines, ou.bitlines need each other",
        ),
        (
            AXES + "strategy = 'search{effort=1}'\npartition.effort = [1, 2]\n",
            "axes.partition.effort: strategy search{effort=1} says it already",
        ),
        (
            AXES + "strategy = 'isaac'\npasses = 'partition,pack'\n",
            "axes.strategy: with an axis passes",
        ),
        ("[explore]\nmethod = 'annealing'\n" + AXES, "must be one of grid, random, nsga2, tpe"),
        ("[explore]\nmethod = 'random'\n" + AXES, "explore.points is missing; say how many"),
        ("[explore]\npoints = 4\n" + AXES, "explore.points has no effect with method = grid"),
        ("[explore]\nseed = -1\n" + AXES, "explore.seed is -1; it must be a whole number from 0"),
        ("[explore]\nsede = 1\n" + AXES, "unknown key 'explore.sede'"),
        ("[objectives]\nlatency = 'min'\n" + AXES, "unknown objective 'latency'; one of accuracy"),
        ("[objectives]\nlower_bound_name = 'min'\n" + AXES, "unknown objective 'lower_bound_name'"),
        ("[objectives]\nenergy_nj = 'low'\n" + AXES, "objectives.energy_nj is 'low'; write"),
        ("[objectives]\naccuracy = 'max'\n" + AXES, "objective accuracy needs values: add a table"),
        (
            "[objectives]\naccuracy = 'max'\n[values]\nimages = 4\n" + AXES,
            "objective accuracy: no labels are known for net.mlir",
        ),
        ("[values]\nlabels = 'x.npy'\nimages = 4\n" + AXES, "values.labels is 'x.npy'; it must be"),
    ],
)
def test_problems(tmp_path: Path, text: str, problem: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SpatemError) as raised:
        load_space(file)
    assert problem in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)
