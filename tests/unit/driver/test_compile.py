"""The Python interface: compile, simulate, run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.cli.commands import NETWORK
from xdsl.dialects.builtin import ModuleOp

import spatem_ir as sp
from spatem_ir.driver.sources import read_source

IMAGES = np.random.default_rng(3).integers(0, 256, (3, 1, 6, 6), np.uint8)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "net.mlir"
    path.write_text(NETWORK, encoding="utf-8")
    return path


def test_names_of_the_interface_are_there() -> None:
    assert all(getattr(sp, name) is not None for name in sp.__all__)
    assert set(sp.__all__) <= set(dir(sp))
    with pytest.raises(AttributeError, match="module 'spatem_ir' has no attribute 'compiled'"):
        _ = sp.compiled  # type: ignore[attr-defined]


def test_compile_simulate_and_run(network: Path) -> None:
    deployment = sp.compile(network, "tiny", strategy="minimum")
    assert (deployment.name, deployment.level, deployment.strategy) == ("net", "ou", "minimum")
    assert deployment.accelerator == sp.load_accelerator("tiny")
    assert isinstance(deployment.module, ModuleOp)
    assert deployment.passes == ("partition{strategy=minimum}", "pack", "assign", "order")
    simulation = deployment.simulate(images=2, critical_path=True)
    assert simulation.latency_cycles == deployment.simulate(engine="reference").latency_cycles
    assert simulation.interval_cycles <= simulation.latency_cycles
    assert [layer.name for layer in simulation.layers] == ["conv", "fc"]
    assert simulation.critical_path is not None
    assert simulation.critical_path.cycles > simulation.latency_cycles
    outputs = deployment.run(IMAGES)
    assert isinstance(outputs, np.ndarray)
    assert outputs.shape == (3, 3)
    np.testing.assert_array_equal(deployment.run(IMAGES[1]), outputs[1])
    reference = sp.compile(network, "tiny", level="cnn")
    np.testing.assert_array_equal(reference.run(IMAGES), outputs)


def test_simulate_with_free_dispatch(network: Path) -> None:
    deployment = sp.compile(network, "tiny")
    static, free = (deployment.simulate(dispatch=name) for name in ("static", "free"))
    assert (static.dispatch, static.static_cycles) == ("static", None)
    assert (free.dispatch, free.static_cycles) == ("free", static.latency_cycles)
    assert free.to_dict()["dispatch"] == "free"
    with pytest.raises(sp.SpatemError, match="unknown dispatch 'own'; there are static, free"):
        deployment.simulate(dispatch="own")


def test_displays(network: Path) -> None:
    deployment = sp.compile(network, "tiny", passes="partition{strategy=minimum}")
    assert str(deployment).splitlines() == [
        "network      net",
        "accelerator  tiny",
        "level        ou",
        "passes       partition{strategy=minimum}, pack, assign, order",
    ]
    assert "<td" in deployment._repr_html_()
    simulation = deployment.simulate()
    assert f"{simulation.latency_cycles:,} cycles" in str(simulation)
    assert f"{simulation.latency_cycles:,} cycles" in simulation._repr_html_()
    assert "conv" in simulation._repr_html_()


def test_a_module_in_memory(network: Path) -> None:
    module = read_source(network).module
    deployment = sp.compile(module, "tiny", level=sp.Level.VXB)
    assert deployment.module is module
    assert deployment.level is sp.Level.VXB
    assert deployment.passes == ("partition", "pack")
    with pytest.raises(sp.SpatemError, match="net is at level vxb; only level ou has cycles"):
        deployment.simulate()


def test_the_accelerator_on_the_module_stays_unless_another_is_named(network: Path) -> None:
    module = sp.compile(network, "tiny", level="mvm").module
    assert sp.compile(module, level="mvm").accelerator.name == "tiny"
    assert sp.compile(module, "isaac-ou", level="mvm").accelerator.name == "isaac-ou"


def test_parameters_of_the_accelerator_that_are_changed(network: Path) -> None:
    changes = {("noc", "hop_cycles"): 3}
    deployment = sp.compile(network, "tiny", changes=changes, level="mvm")
    assert deployment.accelerator.components.interconnect.head_cycles == 3


def test_doubts_and_steps_are_told(network: Path) -> None:
    steps: list[str] = []
    notes: list[str] = []
    say = sp.Messages(step=steps.append, note=notes.append)
    sp.compile(network, "tiny", strategy="spatem", changes={("ou", "adc_bits"): 1}, say=say)
    assert steps == [
        f"reading {network}",
        *(f"pass {name}" for name in ("partition", "pack", "assign", "order")),
        "verifying the deployment",
    ]
    assert len(notes) == 1
    assert notes[0].startswith("warning: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "spatem", "passes": "partition"}, "--strategy is an option of partition"),
        ({"passes": "partition,pack", "level": "mvm"}, "ends at level vxb; --level mvm is above"),
        ({"passes": "partition,pak"}, "unknown pass 'pak'; to lower a network: partition, pack"),
        ({"strategy": "spatem{"}, "strategy 'spatem{': must be"),
    ],
)
def test_what_cannot_be_done_is_said(network: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(sp.SpatemError) as error:
        sp.compile(network, "tiny", **options)  # type: ignore[arg-type]
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_images_in_flight_are_at_least_one(network: Path) -> None:
    with pytest.raises(sp.SpatemError, match="images is 0; it must be at least 1"):
        sp.compile(network, "tiny").simulate(images=0)


def test_calibration_inputs_in_memory() -> None:
    samples = np.load(Path(sp.__file__).parent / "models" / "lenet-digits-calibration.npy")
    own = sp.ImportOptions(calibration=samples)
    given = sp.compile("lenet-digits-float", level="cnn", importing=own)
    packaged = sp.compile("lenet-digits-float", level="cnn")
    assert str(given.module) == str(packaged.module)
