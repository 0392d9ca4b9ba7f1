"""Long names in narrow columns."""

from __future__ import annotations

import pytest

from spatem_ir.report.names import shortened
from spatem_ir.report.tables import PlainConsole, layer_table
from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics

BLOCKS = [f"/layer{a}/layer{a}.{b}/conv{c}/Conv" for a in "12" for b in "01" for c in "12"]


@pytest.mark.parametrize(
    ("names", "width", "expected"),
    [
        (["conv1", "conv2"], 5, ["conv1", "conv2"]),
        (["a-long-name", "b"], 5, ["a-…me", "b"]),
        (["features-0-conv", "features-1-conv"], 9, ["fe…0-conv", "fe…1-conv"]),
        (["same", "same"], 3, ["s…e", "s…e"]),
        ([], 3, []),
    ],
)
def test_names_lose_a_part_within(names: list[str], width: int, expected: list[str]) -> None:
    assert shortened(names, width) == expected


@pytest.mark.parametrize("width", range(16, 30))
def test_different_names_stay_different(width: int) -> None:
    found = shortened(BLOCKS, width)
    assert max(map(len, found)) <= width
    assert len(set(found)) == len(BLOCKS)


@pytest.mark.parametrize("width", [110, 130, 200])
def test_rows_of_the_table_of_layers_fit_and_differ(width: int) -> None:
    names = [f"/backbone{block}" for block in BLOCKS]
    layers = [
        LayerMetrics(name, "1152x128", "32x8x3x1", 768, 768, 9, 51_380_224, 9, 9, 9, True, 0.25)
        for name in names
    ]
    console = PlainConsole(width)
    with console.capture() as capture:
        console.print(layer_table(layers, console.width))
    rows = [line.split() for line in capture.get().splitlines()[3:]][: len(names)]
    assert [row[1] for row in rows] == ["1152x128"] * len(names)
    shown = [row[0] for row in rows]
    assert len(set(shown)) == len(names)
    assert shown == (names if width == 200 else shortened(names, len(shown[0])))
