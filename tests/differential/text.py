"""Modules from text, for tests that state small networks and deployments in full."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.universe import register_dialects


def parsed(text: str, *, verify: bool = True) -> ModuleOp:
    """The module that a text describes, on the accelerator `tiny`."""
    context = Context()
    register_dialects(context)
    module = Parser(context, text).parse_module()
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("tiny"))
    if verify:
        module.verify()
    return module
