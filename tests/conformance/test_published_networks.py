"""Published topologies: imported, quantised, and computed as onnxruntime computes them.

The larger ones take minutes: `spatem-run resnet50 --level cnn --check onnxruntime`.
"""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from spatem_ir.cli.run import main
from spatem_ir.frontend.built_topologies import BUILT
from spatem_ir.frontend.load import PUBLISHED_NETWORKS, ImportOptions, load_network
from spatem_ir.frontend.topologies import TOPOLOGIES


def test_every_network_has_a_topology() -> None:
    assert set(PUBLISHED_NETWORKS) == {*TOPOLOGIES, *BUILT}


def test_built_networks_have_the_published_sizes() -> None:
    """Parameters that torchvision states, without biases, and without normalisations'."""
    sizes = {"vgg16": 138_357_544 - 13_416, "wide_resnet50": 68_883_240 - 2 * 34_112 - 1_000}
    assert sizes.keys() == BUILT.keys()
    for name, model in ((name, build()) for name, build in BUILT.items()):
        onnx.checker.check_model(model)
        shapes = {
            entry.name.removesuffix(".shape"): numpy_helper.to_array(entry)
            for entry in model.graph.initializer
        }
        weights = sum(int(np.prod(s)) for key, s in shapes.items() if key.endswith(".weight"))
        assert weights == sizes[name]


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
