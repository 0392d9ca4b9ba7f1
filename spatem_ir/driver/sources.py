"""Networks as they are given: IR in a file, an ONNX model, a name, or a module in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.hw import (
    ACCELERATOR_ATTRIBUTE,
    AcceleratorAttr,
    accelerator_of,
    optional_accelerator,
)
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.driver.parsing import parse_module
from spatem_ir.frontend.load import PACKAGED_MODELS, ImportOptions, load_network
from spatem_ir.frontend.options import IR
from spatem_ir.frontend.preparation import Preparation
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator
from spatem_ir.support.errors import SpatemError
from spatem_ir.universe import register_dialects
from spatem_ir.weights.store import PACKAGE_SCHEME, ParameterStore, packaged_file


@dataclass(frozen=True)
class Source:
    """A network as it was given.

    Attributes:
        name: The name of the network.
        given: What names it in messages: the file or the name by which it was asked for.
        module: Its IR, at any level.
        store: Where its parameters are found.
        context: The context of the module's dialects, for passes.
        onnx: The file of the ONNX model that it was made from, if it was.
        importing: How that model was imported.
        prepared: How it became an integer network.
    """

    name: str
    given: str
    module: ModuleOp
    store: ParameterStore
    context: Context
    onnx: str | None = None
    importing: ImportOptions = field(default_factory=ImportOptions)
    prepared: Preparation = field(default_factory=Preparation)

    @property
    def level(self) -> Level:
        """The level at which the module is now."""
        return level_of(self.module)

    @property
    def accelerator(self) -> Accelerator:
        """The accelerator on the module."""
        return accelerator_of(self.module)

    def put_on(self, accelerator: Accelerator) -> None:
        """Put an accelerator on the module, in place of any other."""
        self.module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)


def new_context() -> Context:
    """A context that knows every installed dialect."""
    context = Context()
    register_dialects(context)
    return context


def read_source(
    given: str | Path | ModuleOp,
    importing: ImportOptions | None = None,
    *,
    draws_inputs: bool = False,
) -> Source:
    """Read an .mlir file, import an .onnx file, or build the network of a name.

    A module in memory is taken as it is, and changed by what is done with it.  With `draws_inputs`
    the seed is that of random inputs, too.

    Raises:
        SpatemError: there is no such file or name, or it cannot be imported.
        ParseError: an .mlir file holds no IR; with line and column.
        VerifyException: its IR breaks a rule of its level.
    """
    context, importing = new_context(), importing or ImportOptions()
    of_inputs = ("seed",) if draws_inputs else ()
    if isinstance(given, ModuleOp):
        importing.expect_effects("the module", IR, of_inputs)
        given.verify()
        return Source(
            _network_name(given, "the module"), "the module", given, ParameterStore(), context
        )
    given = str(given)
    if given.endswith(".mlir"):
        importing.expect_effects(given, IR, of_inputs)
        path = Path(given)
        module = parse_module(context, path.read_bytes(), given)
        name = _network_name(module, given)
        module.verify()
        return Source(name, given, module, ParameterStore(path.parent), context)
    loaded = load_network(given, importing, draws_inputs=draws_inputs)
    onnx = given if given.endswith(".onnx") else None
    if given in PACKAGED_MODELS:
        onnx = str(packaged_file(f"{PACKAGE_SCHEME}{given}.onnx"))
    store = ParameterStore(arrays=loaded.arrays)
    return Source(
        loaded.name, given, loaded.module, store, context, onnx, importing, loaded.prepared
    )


def _network_name(module: ModuleOp, given: str) -> str:
    network = network_of(module)
    if network is None:
        raise SpatemError(f"{given}: holds no cnn.network")
    return network.sym_name.data


def chosen_accelerator(module: ModuleOp, wanted: str | Path | Accelerator | None) -> Accelerator:
    """The accelerator that is wanted, otherwise the module's own, otherwise the default preset.

    Raises:
        SpatemError: there is no such preset or file, or it describes no accelerator.
    """
    if isinstance(wanted, Accelerator):
        return wanted
    own = optional_accelerator(module)
    if wanted is None and own is not None:
        return own
    return load_accelerator(DEFAULT_ACCELERATOR if wanted is None else str(wanted))
