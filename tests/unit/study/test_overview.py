"""All strategies side by side, and what papers claim of them."""

from __future__ import annotations

from unit.study.outcomes import metrics, outcome, plan, study

from spatem_ir.runtime.machine.staged_times import StageTimes
from spatem_ir.study.claims import claims_table
from spatem_ir.study.overview import fastest_table, modelled_table, overview, staged_table
from spatem_ir.study.points import Outcome, Point
from spatem_ir.study.study import Study

FAILED = "the network does not fit"


def made(strategies: str, **latencies: int) -> Study:
    """Networks lenet and caffenet; latencies by `network_strategy`."""
    points = [
        outcome(Point(network, strategy.replace("_", "-")), latency=latency)
        for key, latency in latencies.items()
        for network, _, strategy in [key.partition("_")]
    ]
    return study(plan("lenet caffenet", strategies, ("comparison",)), *points)


def rows(table: str | None) -> list[str]:
    assert table is not None
    return table.splitlines()[2:]


def test_each_measure_has_a_table_of_networks_by_strategies() -> None:
    text = overview(made("spatem li", lenet_spatem=500, lenet_li=250))
    assert text.count("| network | spatem | li |") == 4
    assert "| lenet | 5.00 | 2.50 |" in text


def test_the_fastest_strategy_says_what_it_spends_its_time_on() -> None:
    found = rows(fastest_table(made("spatem li", lenet_spatem=500, lenet_li=400)))
    assert found[0] == "| lenet | li | 400 | crossbars 75 % | conv 75 % |"


def test_a_network_without_results_has_no_fastest_strategy() -> None:
    lost = [Outcome(Point("caffenet", own), failure=FAILED) for own in ("spatem", "li")]
    given = study(plan("caffenet", "spatem li", ("comparison",)), *lost)
    assert rows(fastest_table(given)) == ["| caffenet | – | – | – | – |"]
    assert rows(modelled_table(given)) == ["| caffenet | – | – | – | – |"]


def test_points_in_several_stages_say_how_long_they_wait_for_cells() -> None:
    assert staged_table(made("spatem li", lenet_spatem=500, lenet_li=400)) is None
    stages = [StageTimes(0, 300, 4, 90, 0), StageTimes(350, 800, 7, 200, 50)]
    large = metrics(latency=800, stages=stages, write_wait_cycles=50, written_cells=1234)
    whole = [outcome(Point("lenet", own), latency=500) for own in ("spatem", "li")]
    given = study(
        plan("lenet caffenet", "spatem li", ("comparison",)),
        *whole,
        Outcome(Point("caffenet", "spatem"), metrics=large),
        Outcome(Point("caffenet", "li"), failure=FAILED),
    )
    assert rows(staged_table(given)) == ["| caffenet | spatem | 2 | 800 | 50 | 6.2 % | 1,234 |"]


def test_where_the_model_of_li_is_faster_and_why() -> None:
    given = made("spatem li", lenet_spatem=500, lenet_li=400, caffenet_spatem=200, caffenet_li=800)
    first, second = rows(modelled_table(given))
    assert first.startswith("| lenet | li | 1.25 × | crossbars 75 %, conv 75 % |")
    assert second.startswith("| caffenet | spatem | 0.25 × |")
    assert modelled_table(made("spatem isaac")) is None


def test_claims_say_what_is_stated_what_is_found_and_whether_it_holds() -> None:
    given = made(
        "spatem isaac isaac-stride li",
        lenet_spatem=500,
        lenet_isaac=1000,
        caffenet_spatem=900,
        caffenet_isaac=1000,
        lenet_li=700,
        lenet_isaac_stride=800,
        caffenet_li=700,
        caffenet_isaac_stride=600,
    )
    found = rows(claims_table(given))
    assert found[0] == (
        "| SPATEM | spatem against isaac: latency 29.24 % lower on average | 30.00 % lower | "
        "holds (2 of 5 networks) |"
    )
    assert any("the smaller the gain | 50 %, 10 % | holds" in row for row in found)
    assert (
        "| Li, Han, Chen | li against isaac-stride: a shorter image on every network | "
        "on 1 of 2: lenet | does not hold |"
    ) in found
    assert not any("hitm" in row for row in found)


def test_a_study_that_no_claim_is_about_has_no_claims() -> None:
    assert claims_table(made("spatem minimum")) is None
