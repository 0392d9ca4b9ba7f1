"""The register of metrics: ours, and those of packages."""

from __future__ import annotations

import pickle
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path

import pytest
from packages import installed
from unit.cli.commands import NETWORK, TINY, main, result_of

from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics
from spatem_ir.runtime.metrics.metric import Metric, Metrics
from spatem_ir.runtime.metrics.register import GROUP, OURS, all_metrics
from spatem_ir.runtime.metrics.time import latency_cycles
from spatem_ir.support.errors import SpatemError

ROOT = Path(__file__).parents[3]

CYCLES_PER_LAYER = '''
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, metric


@metric(
    "cycles",
    report=Line("cycles per layer", "{:,.1f}"),
    column=Line("per layer", "{:,.0f} cycles"),
)
def cycles_per_layer(run: Measurement) -> float:
    """The latency over the number of weight layers.

    More about it.
    """
    return run.execution.finished[0] / len(run.layers)
'''


def package(
    folder: Path,
    source: str = CYCLES_PER_LAYER,
    entry: str = "cycles_per_layer = my_metrics:cycles_per_layer",
) -> AbstractContextManager[None]:
    return installed(folder, "my_metrics", source, GROUP, entry)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.mlir").write_text(NETWORK)
    return tmp_path


@pytest.mark.parametrize("metric", OURS.values(), ids=lambda metric: metric.name)
def test_every_metric_is_described(metric: Metric[object]) -> None:
    assert metric.definition and not metric.definition.endswith(".")
    assert all_metrics()[metric.name] is metric


def test_a_metric_of_a_package_in_one_file(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = result_of(capsys, *TINY)
    with package(network / "site"):
        result = result_of(capsys, *TINY)
        assert result.pop("cycles_per_layer") == result["latency_cycles"] / 2
        assert list(result) == list(before)
        assert result == before
        assert result_of(capsys, *TINY, "--engine", "none")["cycles_per_layer"] is None
        assert main(TINY) == 0
        lines = capsys.readouterr().out.splitlines()
        shown = f"{before['latency_cycles'] / 2:,.1f}"
        assert [line.split() for line in lines][-2:][1] == ["cycles", "per", "layer", shown]
        assert main([*TINY, "--engine", "none"]) == 0
        assert "cycles per layer" not in capsys.readouterr().out
        assert main(["--list"]) == 0
        listed = capsys.readouterr().out
    assert (
        "  cycles_per_layer         cycles        The latency over the number of weight layers"
        in listed
    )
    assert "cycles_per_layer" not in all_metrics()


@pytest.mark.parametrize(
    ("source", "entry", "message"),
    [
        (
            CYCLES_PER_LAYER,
            "latency_ns = my_metrics:cycles_per_layer",
            "installed packages clash: spatem-ir and my_metrics both have a metric "
            "'latency_ns'; uninstall one of them",
        ),
        (
            CYCLES_PER_LAYER,
            "cycles = my_metrics:cycles_per_layer",
            "metric 'cycles' of my_metrics: my_metrics:cycles_per_layer must be a function "
            "'cycles' with the decorator metric",
        ),
        (
            "",
            "cycles = my_metrics:cycles",
            "metric 'cycles' of my_metrics: AttributeError: module 'my_metrics' has no attribute "
            "'cycles'",
        ),
    ],
)
def test_wrong_packages(tmp_path: Path, source: str, entry: str, message: str) -> None:
    with package(tmp_path, source, entry), pytest.raises(SpatemError) as error:
        all_metrics()
    assert str(error.value) == message


def test_values_are_attributes() -> None:
    metrics = Metrics({**dict.fromkeys(OURS), "latency_cycles": 5})
    assert metrics.latency_cycles == metrics[latency_cycles] == 5
    assert metrics.energy_nj is None
    with pytest.raises(AttributeError, match=r"^there is no metric 'latency'$"):
        _ = metrics.latency
    assert pickle.loads(pickle.dumps(metrics)) == metrics


def test_the_tables_of_the_documentation() -> None:
    """The tables of metrics in docs/machine.md are the register."""
    page = (ROOT / "docs" / "machine.md").read_text()
    ours = [f"| `{m.name}` | {m.unit} | {m.definition} |" for m in OURS.values()]
    assert rows_below("| metric | unit | definition |", page) == ours
    assert rows_below("| of a layer | unit | definition |", page) == [
        f"| `{each.name}` | {each.metadata['unit']} | {each.metadata['definition']} |"
        for each in fields(LayerMetrics)
    ]


def rows_below(header: str, page: str) -> list[str]:
    return page.partition(f"{header}\n|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
