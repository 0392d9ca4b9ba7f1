"""Text to IR and back, for tests of dialects."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation
from xdsl.parser import Parser

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.universe import register_dialects


def parse_attribute(text: str) -> Attribute:
    """The attribute that a text spells."""
    return Parser(_context(), text).parse_attribute()


def parse_module(text: str, accelerator: str | None = "tiny") -> ModuleOp:
    """The verified module that a text spells, with the accelerator of the given name."""
    module = Parser(_context(), text).parse_module()
    if accelerator is not None:
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator(accelerator))
    module.verify()
    return module


def one(module: ModuleOp, name: str) -> Operation:
    """The only op of a name in a module."""
    found = [op for op in module.walk() if op.name == name]
    assert len(found) == 1
    return found[0]


def assert_spells(module: ModuleOp, text: str) -> None:
    """Check that a module is the one that a text spells."""
    expected = parse_module(text, accelerator=None)
    module.verify()
    assert str(module) == str(expected)
    assert module.is_structurally_equivalent(expected)


def _context() -> Context:
    context = Context()
    register_dialects(context)
    return context
