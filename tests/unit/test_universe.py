"""Dialects and passes, as every xDSL tool finds them."""

from __future__ import annotations

import pytest
from xdsl.context import Context
from xdsl.universe import Universe

from spatem_ir.dialects.hw import HW
from spatem_ir.universe import SPATEM_UNIVERSE, register_dialects


@pytest.mark.parametrize("name", SPATEM_UNIVERSE.all_dialects)
def test_dialects_are_registered_under_their_names(name: str) -> None:
    dialect = SPATEM_UNIVERSE.all_dialects[name]()
    assert dialect.name == name
    assert all(op.name.startswith(f"{name}.") for op in dialect.operations)
    assert all(attribute.name.startswith(f"{name}.") for attribute in dialect.attributes)


@pytest.mark.parametrize("name", SPATEM_UNIVERSE.all_passes)
def test_passes_are_registered_under_the_names_of_their_files(name: str) -> None:
    factory = SPATEM_UNIVERSE.all_passes[name]()
    assert factory.name == name
    assert factory.__module__.rpartition(".")[2].replace("_", "-") == name


def test_every_xdsl_tool_finds_the_dialects_and_passes() -> None:
    installed = Universe.get_multiverse()
    assert installed.all_dialects.keys() >= SPATEM_UNIVERSE.all_dialects.keys()
    assert installed.all_passes.keys() >= SPATEM_UNIVERSE.all_passes.keys()


def test_accelerators_take_the_place_of_the_hw_dialect_of_xdsl() -> None:
    context = Context()
    register_dialects(context)
    assert context.get_attr("hw.accelerator") in HW.attributes
    assert context.get_optional_op("arith.addi") is not None
