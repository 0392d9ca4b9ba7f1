"""The register of partition strategies: ours, and those of packages."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from packages import installed
from unit.passes.deployed import applied, context, parsed
from xdsl.utils.arg_spec import ArgSpec

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.mvm import PACKINGS, PackingOp, layer_ops
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.partition.register import (
    GROUP,
    strategy_from_spec,
    strategy_names,
    strategy_spec,
    strategy_type,
)
from spatem_ir.passes.partition.strategies.isaac_stride import IsaacStride
from spatem_ir.passes.partition.strategies.spatem import Spatem
from spatem_ir.support.errors import SpatemError

ROOT = Path(__file__).parents[3]
NETWORK = """
cnn.network @net(%x: tensor<4x1x6xui8>) {
  %y = cnn.conv @conv %x <1x1> weights #cnn.seeded<0, tensor<4x4x1x1xsi2>> scale 0.5
    : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  cnn.output %y : tensor<4x1x6xui8>
}
"""

TRIPLE = '''
from dataclasses import dataclass

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.passes.partition.strategy import Strategy, option


@dataclass(frozen=True)
class Triple(Strategy):
    """So many copies of every layer.

    More about it.
    """

    name = "triple"
    packing = "exclusive"
    number: int = option(3, "how many copies")

    def partitions(self, problem):
        cuts = [layer_candidates(layer, problem.accelerator) for layer in problem.layers]
        degrees = [[cut.degree for cut in each.windows].index(self.number) for each in cuts]
        grids = [each.grid((0, 0, n, 0)) for each, n in zip(cuts, degrees)]
        return [Partition(0, tuple(grids))]
'''


def package(
    folder: Path, source: str = TRIPLE, entry: str = "triple = my_triple:Triple"
) -> AbstractContextManager[None]:
    return installed(folder, "my_triple", source, GROUP, entry)


@pytest.mark.parametrize("name", strategy_names())
def test_every_strategy_is_described(name: str) -> None:
    strategy = strategy_type(name)
    assert strategy.name == name
    assert strategy.summary().endswith(".") and len(strategy.summary()) <= 100
    assert re.search(r"\[[PR]\]", strategy.__doc__ or "")
    assert strategy.packing in (None, *PACKINGS)
    for default, meaning in strategy.options().values():
        assert default is not None and meaning


def test_a_strategy_of_a_package_in_one_file(tmp_path: Path) -> None:
    with package(tmp_path):
        assert strategy_names()[-1] == "triple"
        module = parsed(NETWORK)
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("tiny"))
        copy = module.clone()
        run_pipeline(context(), module, "partition{strategy=triple}")
        assert [layer.grid.data.iw for layer in layer_ops(module)] == [3]
        assert [op.method.data for op in module.ops if isinstance(op, PackingOp)] == ["exclusive"]
        applied(copy, [PartitionPass("triple{number=2}")])
        assert [layer.grid.data.iw for layer in layer_ops(copy)] == [2]
        with pytest.raises(SpatemError) as error:
            run_pipeline(context(), module, "partition{strategy=triple copies=1}")
        assert str(error.value) == (
            "partition: strategy triple has no option 'copies'; it has number"
        )
    assert "triple" not in strategy_names()
    with pytest.raises(SpatemError, match=r"^unknown strategy 'triple'; one of exact-additive, "):
        strategy_type("triple")


@pytest.mark.parametrize(
    ("source", "entry", "message"),
    [
        (
            TRIPLE,
            "minimum = my_triple:Triple",
            "installed packages clash: spatem-ir and my_triple both have a strategy 'minimum'; "
            "uninstall one of them",
        ),
        (
            TRIPLE,
            "triple = my_triple:Tripel",
            "strategy 'triple' of my_triple: AttributeError: module 'my_triple' has no attribute "
            "'Tripel'",
        ),
        (
            "import nothing_of_this_name",
            "triple = my_triple:Triple",
            "strategy 'triple' of my_triple: ModuleNotFoundError: No module named "
            "'nothing_of_this_name'",
        ),
        (
            "Triple = 3",
            "triple = my_triple:Triple",
            "strategy 'triple' of my_triple: my_triple:Triple must be a subclass of Strategy whose "
            "name is 'triple'",
        ),
        (
            TRIPLE.replace('"triple"', '"threefold"'),
            "triple = my_triple:Triple",
            "strategy 'triple' of my_triple: my_triple:Triple must be a subclass of Strategy whose "
            "name is 'triple'",
        ),
    ],
)
def test_wrong_packages(tmp_path: Path, source: str, entry: str, message: str) -> None:
    with package(tmp_path, source, entry), pytest.raises(SpatemError) as error:
        strategy_names()
        strategy_type("triple")
    assert str(error.value) == message


@pytest.mark.parametrize("found", ["[]", "[Partition(0, ())]"])
def test_a_strategy_that_leaves_layers_out(tmp_path: Path, found: str) -> None:
    source = TRIPLE.replace("[Partition(0, tuple(grids))]", found)
    with package(tmp_path, source), pytest.raises(SpatemError) as error:
        applied(parsed(NETWORK, load_accelerator("tiny")), [PartitionPass("triple")])
    assert str(error.value) == (
        "partition: strategy triple must give a partition, with a grid for each of 1 layers"
    )


def test_two_packages_with_one_name(tmp_path: Path) -> None:
    other = installed(tmp_path / "b", "other", TRIPLE, GROUP, "triple = other:Triple")
    with package(tmp_path / "a"), other, pytest.raises(SpatemError) as error:
        strategy_names()
    assert "both have a strategy 'triple'; uninstall one of them" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("minimum{copies=1}", "strategy minimum has no option 'copies'; it has deal"),
        ("minimum{deal=random}", "unknown deal 'random'; one of cyclic, blocks"),
    ],
)
def test_wrong_options(text: str, message: str) -> None:
    with pytest.raises(SpatemError) as error:
        strategy_from_spec(strategy_spec(text))
    assert str(error.value) == message


def test_a_value_of_a_wrong_type_names_its_option() -> None:
    with pytest.raises(SpatemError, match=r"^pooling_strides of strategy isaac-stride: .*2"):
        strategy_from_spec(strategy_spec("isaac-stride{pooling-strides=2}"))


def test_a_pass_in_text_and_in_python() -> None:
    parameters = {"strategy": ("isaac-stride",), "pooling-strides": (False,), "alternatives": (2,)}
    made = PartitionPass.from_spec(ArgSpec("partition", parameters))
    assert made == PartitionPass(IsaacStride(pooling_strides=False), alternatives=2)
    assert str(made) == 'partition{strategy="isaac-stride" alternatives=2 pooling_strides=false}'
    assert PartitionPass("spatem{deal=blocks}").chosen_strategy == Spatem(deal="blocks")
    assert str(PartitionPass()) == "partition"
    with pytest.raises(FrozenInstanceError):
        made.alternatives = 3  # type: ignore[misc]


def test_the_table_of_the_documentation() -> None:
    """The table of strategies in docs/levels.md is the register."""
    page = (ROOT / "docs" / "levels.md").read_text()
    table = page.partition("| strategy | what it does | for `pack` | options |\n")[2]
    assert table.splitlines()[1 : len(strategy_names()) + 1] == [row(n) for n in strategy_names()]
    assert not table.splitlines()[len(strategy_names()) + 1].startswith("|")


def row(name: str) -> str:
    strategy = strategy_type(name)
    options = [f"`{key}` ({str(d).lower()}): {doc}" for key, (d, doc) in strategy.options().items()]
    packing = f"`{strategy.packing}`" if strategy.packing else ""
    summary = strategy.summary().removesuffix(".")
    return f"| `{name}` | {summary} | {packing} | {'; '.join(options)} |"
