"""Published topologies: imported, quantised, and computed as onnxruntime computes them.

The larger ones take minutes: `spatem-run resnet50 --level cnn --check onnxruntime`.
"""

from __future__ import annotations

import json

import pytest

from spatem_ir.cli.run import main
from spatem_ir.frontend.load import PUBLISHED_NETWORKS, ImportOptions, load_network
from spatem_ir.frontend.topologies import TOPOLOGIES


def test_every_network_has_a_topology() -> None:
    assert set(PUBLISHED_NETWORKS) == set(TOPOLOGIES)


@pytest.mark.parametrize(
    ("name", "tensors"), [("squeezenet", 44), ("shufflenet", 124), ("inception_v1", 88)]
)
def test_every_tensor_is_that_of_onnxruntime(
    name: str, tensors: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--level", "cnn", "--check", "onnxruntime", "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["outputs_match"] and result["tensors"]["first_difference"] is None
    assert result["tensors"]["tensors"] == tensors
    assert result["layers"] == [] and result["strategy"] is None and "latency_cycles" not in result


def test_seeds_give_other_weights() -> None:
    first, again, other = (
        load_network("squeezenet", ImportOptions(seed=seed), "w.npz").module for seed in (0, 0, 1)
    )
    assert str(first) == str(again) != str(other)


def test_batch_norms_are_folded_and_float32_stays_at_the_end_only() -> None:
    text = str(load_network("shufflenet", ImportOptions(), "w.npz").module)
    assert "cnn.batch_norm" not in text and "cnn.affine" not in text
    assert text.count("cnn.transpose") == 16 and text.count("cnn.add") == 13
    assert text.count("cnn.dequantize") == text.count("cnn.softmax") == 1
