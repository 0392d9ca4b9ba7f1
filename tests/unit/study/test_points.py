from __future__ import annotations

import pytest
from unit.study.outcomes import outcome

from spatem_ir.passes.partition.register import strategy_spec
from spatem_ir.study.points import Outcome, Point
from spatem_ir.support.errors import SpatemError


def test_pipeline() -> None:
    assert Point("lenet", "isaac").pipeline == 'partition{strategy="isaac"},pack,assign,order'
    plain = Point("lenet", "spatem", ("pack", "order"))
    assert plain.pipeline == (
        'partition{strategy="spatem"},pack{method="exclusive"},assign,order{method="layer"}'
    )


def test_options_of_partition() -> None:
    point = Point("lenet", "isaac-stride{pooling_strides=false deal=blocks}")
    assert point.pipeline == (
        'partition{strategy="isaac-stride" pooling_strides=false deal="blocks"},pack,assign,order'
    )


@pytest.mark.parametrize("text", ["", "spatem{", "spatem,isaac", "spatem{deal=}"])
def test_no_strategy(text: str) -> None:
    with pytest.raises(SpatemError, match=r"^strategy '.*': must be a name, or a name and options"):
        strategy_spec(text)


def test_text() -> None:
    changes = ((("noc", "hop_cycles"), 3),)
    assert str(Point("lenet", "hitm", ("pack",), changes)) == (
        "lenet, hitm, pack{method=exclusive}, noc.hop_cycles = 3"
    )


def test_estimate_error() -> None:
    point = Point("lenet", "spatem")
    assert outcome(point, latency=200, estimated=150).estimate_error == -0.25
    assert Outcome(point, failure="does not fit").estimate_error is None
