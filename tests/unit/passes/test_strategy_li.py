"""The strategies `li` and `li-published`: the model of Li, Han and Chen on any machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.driver.compile import deploy
from spatem_ir.driver.sources import read_source
from spatem_ir.frontend.load import load_network
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.pipelines import layer_pipeline, machine_buses
from spatem_ir.passes.partition.strategies.li import Li
from spatem_ir.passes.partition.strategies.li_published import LiPublished
from spatem_ir.passes.partition.strategy import Problem
from spatem_ir.passes.partition.whole_crossbars import whole_crossbars
from spatem_ir.study.li.published import published, published_buses, published_pipeline

SIXTEEN = ImportOptions(activation_bits=16)


def problem(network: str, accelerator: Accelerator) -> Problem:
    module = load_network(network, SIXTEEN).module
    layers = [op for op in module.walk() if isinstance(op, WeightLayerOp)]
    return Problem(layers, accelerator)


@pytest.fixture(scope="module")
def li_isaac() -> Accelerator:
    return load_accelerator("li-isaac")


@pytest.mark.parametrize(
    ("network", "name"),
    [("li-alexnet", "AlexNet"), ("li-vgg-a", "VGG-A"), ("li-resnet-18", "ResNet-18")],
)
def test_networks_are_the_published_pipelines(
    network: str, name: str, li_isaac: Accelerator
) -> None:
    given = problem(network, li_isaac)
    ours = layer_pipeline(given, whole_crossbars(given.layers, li_isaac))
    theirs = published_pipeline(name, 128)
    assert [replace(layer, name="") for layer in ours.layers] == [
        replace(layer, name="") for layer in theirs.layers
    ]


def test_mobilenet_is_the_network_itself(li_isaac: Accelerator) -> None:
    given = problem("li-mobilenet", li_isaac)
    ours = layer_pipeline(given, whole_crossbars(given.layers, li_isaac))
    theirs = published_pipeline("MobileNet-v1 as it is", 128)
    assert [layer.reads for layer in ours.layers] == [layer.reads for layer in theirs.layers]


def test_the_preset_has_the_published_buses(li_isaac: Accelerator) -> None:
    ours = machine_buses(problem("li-alexnet", li_isaac))
    theirs = published_buses()
    assert (ours.tile_crossbars, ours.value_bytes) == (theirs.tile_crossbars, theirs.value_bytes)
    assert ours.compute == theirs.compute * 1000 == 2100
    assert ours.inside == pytest.approx(theirs.inside / 1000, rel=0.01)
    assert ours.between == pytest.approx(theirs.between / 1000, rel=0.03)


def test_published_copies_on_the_published_machine(li_isaac: Accelerator) -> None:
    """Without buses; the copies are lowered to useful numbers."""
    for case in published()["table6"][:2]:
        network = "li-" + case["network"].lower()
        (found, *_) = LiPublished(buses=False).partitions(problem(network, li_isaac))
        results = published_pipeline(case["network"], 128).results.tolist()
        for grid, copies, windows in zip(found.grids, case["copies"], results, strict=True):
            assert grid.iw <= copies
            assert -(-windows // grid.iw) == -(-windows // copies)


def test_li_is_no_slower_by_the_model_than_li_published(li_isaac: Accelerator) -> None:
    given = problem("li-alexnet", li_isaac)
    mapped = whole_crossbars(given.layers, li_isaac)
    model = PipelineModel(layer_pipeline(given, mapped), clamp=True, buses=machine_buses(given))
    times = [
        model.time([grid.iw for grid in strategy.partitions(given)[0].grids])
        for strategy in (Li(), LiPublished())
    ]
    assert times[0] <= times[1]


@pytest.mark.parametrize("strategy", ["li", "li-published"])
@pytest.mark.parametrize("network", ["lenet-digits", "deepid-cvpr14"])
def test_values_are_exact_whatever_the_network(strategy: str, network: str) -> None:
    source = read_source(network, ImportOptions())
    source.put_on(load_accelerator("isaac-ou"))
    deployment = deploy(source, strategy=strategy)
    assert deployment.simulate().metrics.latency_cycles


def test_of_a_residual_network_the_last_layer_that_is_added_is_read() -> None:
    accelerator = load_accelerator("isaac-ou")
    module = load_network("resnet50", ImportOptions()).module
    given = Problem([op for op in module.walk() if isinstance(op, WeightLayerOp)], accelerator)
    pipeline = layer_pipeline(given, whole_crossbars(given.layers, accelerator))
    assert not pipeline.is_chain and len(pipeline.last_layers) == 1
    assert max(len(layer.reads) for layer in pipeline.layers) == 2
