"""What is preferred is least, of what is no slower than the baseline."""

from __future__ import annotations

import pytest

from spatem_ir.cli.run import main
from spatem_ir.driver.compile import compile_network
from spatem_ir.search.preferences import OBJECTIVES
from spatem_ir.search.strategy import PREFERENCES

pytest.importorskip("numba")


def measured(strategy: str) -> dict[str, float]:
    """The metrics of a deployment of LeNet."""
    return compile_network("lenet", strategy=strategy).simulate().metrics.to_dict()


@pytest.fixture(scope="module")
def baseline() -> dict[str, float]:
    return measured("isaac")


def test_each_preference_has_an_objective() -> None:
    assert tuple(OBJECTIVES) == PREFERENCES


def test_less_is_sent_within_the_time_of_the_baseline(baseline: dict[str, float]) -> None:
    """All of LeNet in one PE sends nothing: what is left passes the port of the chip."""
    found = measured("search{prefer=communication effort=0}")
    assert found["latency_cycles"] <= baseline["latency_cycles"]
    assert found["communication_bytes"] == found["io_bytes"] < 0.3 * baseline["communication_bytes"]


def test_less_energy_is_taken_within_the_time_of_the_baseline(baseline: dict[str, float]) -> None:
    found = measured("search{prefer=energy effort=0}")
    assert found["latency_cycles"] <= baseline["latency_cycles"]
    assert found["energy_nj"] < baseline["energy_nj"]
    fastest = measured("search{effort=0}")
    assert found["energy_nj"] < fastest["energy_nj"]


def test_the_option_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet", "--prefer", "communication", "--strategy", "search{effort=0}"]) == 0
    assert "communication            1,034 bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prefer", "area"], "invalid choice: 'area'"),
        (["--prefer", "energy", "--strategy", "spatem"], "spatem has no option 'prefer'"),
        (["--strategy", "search{prefer=area}"], "prefer must be one of latency, communication, en"),
    ],
)
def test_preferences_without_effect_are_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lenet", *options]) != 0
    assert message in capsys.readouterr().err
