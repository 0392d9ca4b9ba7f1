"""Options of passes and strategies that are wrong or have no effect, on the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spatem_ir.cli import opt, run

pytestmark = pytest.mark.usefixtures("networks_folder")


PASSES: list[tuple[str, str]] = [
    ("partition{alternatives=-1}", "partition: alternatives is -1; it must be at least 0"),
    (
        "partition{deal=blocks deal=cyclic}",
        "'partition{deal=blocks deal=cyclic}': gives the option 'deal' twice",
    ),
    (
        "partition,pack{method=exclusive gather=false}",
        "pack: gather has no effect with method=exclusive; leave it out",
    ),
    (
        "partition,pack,assign,order,expand-ou{limit=0}",
        "expand-ou: limit is 0; it must be at least 1",
    ),
    (
        "partition,pack,assign,order,expand-ou{until=streams limit=5}",
        "expand-ou: limit has no effect with until=streams; leave it out",
    ),
    (
        'calibrate{inputs="calibration.npy" bits=4}',
        "calibrate: bits has no effect with method=max-abs; leave it out",
    ),
]
"""Options of passes that are out of range, given twice, or have no effect."""


@pytest.mark.parametrize(("pipeline", "message"), PASSES)
@pytest.mark.parametrize("main", [opt.main, run.main], ids=["spatem-opt", "spatem-run"])
def test_passes(
    pipeline: str,
    message: str,
    main: Callable[[list[str]], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["net.mlir", "--accelerator", "tiny", "-p", pipeline]) == 1
    assert capsys.readouterr().err.partition(": ")[2] == message + "\n"


FORM = "must be a name, or a name and options of partition: spatem{deal=blocks}"


STRATEGIES: list[tuple[str, str]] = [
    *(
        (text, f"strategy '{text}': {FORM}")
        for text in ("spatem{", "}", "", " ", "{", "spatem{deal=}", "spatem{deal=blocks", "a,b")
    ),
    (
        "spatem{deal=blocks deal=cyclic}",
        "'spatem{deal=blocks deal=cyclic}': gives the option 'deal' twice",
    ),
    ("spatem{strategy=isaac}", "strategy 'spatem{strategy=isaac}': names a strategy twice"),
    ("spatem{alternatives=-2}", "partition: alternatives is -2; it must be at least 0"),
    ("spatem{deal=random}", "partition: unknown deal 'random'; one of cyclic, blocks"),
]


@pytest.mark.parametrize(("text", "message"), STRATEGIES)
def test_strategies(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["net.mlir", "--accelerator", "tiny", "--strategy", text]) == 1
    assert capsys.readouterr().err == f"spatem-run: {message}\n"
