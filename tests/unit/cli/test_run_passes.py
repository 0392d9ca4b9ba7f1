"""`spatem-run --pass-pipeline`: the user's own passes in place of the usual ones."""

from __future__ import annotations

import pytest
from unit.cli.commands import TINY, error_of, result_of

pytestmark = pytest.mark.usefixtures("networks_folder")

USUAL = "partition{strategy=minimum},pack{gather=false},assign,order"


def test_a_pipeline_with_options(capsys: pytest.CaptureFixture[str]) -> None:
    plain = result_of(capsys, *TINY, "--strategy", "minimum")
    result = result_of(capsys, *TINY, "--pass-pipeline", USUAL, "--check", "levels")
    assert (result["strategy"], result["pipeline"]) == ("minimum", USUAL)
    assert result["outputs_match"] is True
    assert result["latency_cycles"] == plain["latency_cycles"]


def test_what_the_pipeline_leaves_is_lowered_by_the_usual_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = result_of(capsys, *TINY, "-p", "partition{strategy=isaac},pack")
    assert result["pipeline"] == "partition{strategy=isaac},pack,assign,order"
    assert result["strategy"] == "isaac"


def test_a_level_above_ou(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *TINY, "-p", "partition", "--level", "pxb")
    assert result["pipeline"] == "partition,pack,assign"
    message = error_of(capsys, *TINY, "-p", "partition,pack", "--level", "mvm")
    assert message == "--pass-pipeline ends at level vxb; --level mvm is above that"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "partition", "--strategy", "isaac"], "--strategy is an option of partition: write"),
        (["-p", "partition,pakc"], "unknown pass 'pakc'; to lower a network: partition, pack,"),
        (["-p", "partition{"], "--pass-pipeline 'partition{':"),
        (["-p", "pack"], "pack: "),
    ],
)
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_of(capsys, *TINY, *arguments).startswith(message)
