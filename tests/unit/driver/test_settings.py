"""Options of passes given one by one (`spatem-run --set`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.cli.commands import NETWORK

import spatem_ir as sp
from spatem_ir.cli.run import main
from spatem_ir.support.errors import SpatemError


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "net.mlir"
    path.write_text(NETWORK, encoding="utf-8")
    return path


def test_options_join_those_of_the_passes_that_run(network: Path) -> None:
    settings = ["order{merge=pe}", "pack{method=exclusive}", 'order{buffers="ignore"}']
    usual = sp.compile(network, "tiny", strategy="minimum", settings=settings)
    expected = ("pack{method=exclusive}", "assign", "order{merge=pe buffers=ignore}")
    assert usual.passes == ("partition{strategy=minimum}", *expected)
    own = sp.compile(network, "tiny", passes="partition{strategy=minimum},pack", settings=settings)
    assert own.passes == usual.passes
    assert str(own.module) == str(usual.module)
    assert "ou.merge @conv at <pe, home>" in str(usual.module)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["order"], "--set 'order': names no option; write it as order{option=value}"),
        (["order{"], "--set 'order{': write it as order{buffers=ignore}"),
        (
            ["order{merge=pe},pack"],
            "--set 'order{merge=pe},pack': write it as order{buffers=ignore",
        ),
        (
            ["expand-ou{until=streams}"],
            "--set 'expand-ou{until=streams}': expand-ou does not run here; these do: partition, "
            "pack, assign, order",
        ),
        (["order{merge=pe}", "order{merge=home}"], "--set gives order the option 'merge' twice"),
        (
            ["partition{strategy=isaac}"],
            "--set gives partition the option 'strategy', which has a value already; leave one of",
        ),
        (["order{mrege=pe}"], 'Provided arguments ["mrege"] not found in expected arguments'),
        (["order{merge=cu}"], "order: unknown merge 'cu'; one of everywhere, pe, home"),
    ],
)
def test_what_does_not_suit(network: Path, settings: list[str], message: str) -> None:
    with pytest.raises(SpatemError) as raised:
        sp.compile(network, "tiny", strategy="minimum", settings=settings)
    assert message in str(raised.value)


def test_on_the_command_line(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--accelerator", "tiny", "--engine", "reference", "--json", "-"]
    assert (
        main([str(network), *options, "--set", "order{merge=home}", "--set", "assign{homes=tiles}"])
        == 0
    )
    assert (
        '"pipeline": "partition,pack,assign{homes=tiles},order{merge=home}"'
        in capsys.readouterr().out
    )
