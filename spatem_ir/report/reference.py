"""The reference: what registers and docstrings say, as Markdown, so that it cannot go stale."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, get_type_hints

from xdsl.irdl import IRDLOperation
from xdsl.passes import ModulePass

from spatem_ir.driver.compile import compile_network
from spatem_ir.driver.deployment import Deployment
from spatem_ir.driver.simulation import Simulation
from spatem_ir.frontend.load import network_names
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.hardware.loader import preset_names, preset_text
from spatem_ir.hardware.parameters import LARGEST_VALUE
from spatem_ir.passes.partition.register import strategy_names, strategy_type
from spatem_ir.report.docstrings import markdown_of
from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.support.messages import Messages
from spatem_ir.universe import SPATEM_UNIVERSE


def operations() -> Iterator[str]:
    """Every operation and attribute of our dialects."""
    for name, dialect in SPATEM_UNIVERSE.all_dialects.items():
        yield f"## `{name}`\n"
        made = dialect()
        for op in sorted(made.operations, key=lambda op: op.name):
            yield f"### `{op.name}`\n\n{markdown_of(op.__doc__)}"
            if issubclass(op, IRDLOperation):
                yield _members(op)
        for attribute in sorted(made.attributes, key=lambda each: each.name):
            yield f"### `#{attribute.name}`\n\n{markdown_of(attribute.__doc__)}"


def _members(op: type[IRDLOperation]) -> str:
    definition = op.get_irdl_definition()
    kinds = {
        "operands": [name for name, _ in definition.operands],
        "attributes": [*definition.properties, *definition.attributes],
        "results": [name for name, _ in definition.results],
    }
    lines = [
        f"- {kind}: {', '.join(f'`{n}`' for n in names)}" for kind, names in kinds.items() if names
    ]
    return "\n".join(lines) + "\n"


def passes() -> Iterator[str]:
    """Every pass with its options."""
    for name, found in SPATEM_UNIVERSE.all_passes.items():
        made = found()
        yield f"## `{name}`\n\n{markdown_of(made.__doc__)}"
        yield _options(made)


def _options(made: type[ModulePass]) -> str:
    own = [field for field in fields(made) if field.name != "name"]
    if not own:
        return ""
    rows = (
        (f"`{each.name.replace('_', '-')}`", f"`{each.type}`", _default(each.default))
        for each in own
    )
    return _table(("option", "type", "default"), rows)


def strategies() -> Iterator[str]:
    """Every partition strategy with its options."""
    for name in strategy_names():
        made = strategy_type(name)
        yield f"## `{name}`\n\n{markdown_of(made.__doc__)}"
        options = made.options().items()
        if options:
            rows = ((f"`{option}`", _default(default), doc) for option, (default, doc) in options)
            yield _table(("option", "default", "meaning"), rows)


def machine_keys() -> Iterator[str]:
    """Every key of an accelerator's TOML file, of all kinds of components."""
    for group, first in GROUPS.items():
        yield f"## `[{group}]`\n\n{markdown_of(first.__doc__)}"
        kinds = {kind: component.Parameters for kind, component in KINDS.get(group, {}).items()}
        for kind, parameters in (kinds or {"": first}).items():
            if kind:
                own = KINDS[group][kind]
                yield f'### `kind = "{kind}"`\n\n{markdown_of(own.__doc__)}'
            yield _keys(parameters)


def _keys(parameters: type) -> str:
    types = get_type_hints(parameters)
    rows = []
    for field in fields(parameters):
        kind, data = types[field.name], field.metadata
        if kind is bool:
            values = "`true`, `false`"
        elif issubclass(kind, StrEnum):
            values = ", ".join(f"`{each}`" for each in kind)
        else:
            most = "" if data["maximum"] == LARGEST_VALUE else f" to {data['maximum']:,}"
            number = "whole number" if kind is int else "number"
            values = f"{number} from {data['minimum']:,}{most}"
        default = "needed" if field.default is MISSING else _default(field.default)
        rows.append((f"`{field.name}`", data["doc"], values, default))
    return _table(("key", "meaning", "values", "default"), rows) if rows else "No keys.\n"


def metrics() -> Iterator[str]:
    """Every metric with its unit and definition."""
    rows = (
        (f"`{each.name}`", each.unit or "–", each.definition) for each in all_metrics().values()
    )
    yield _table(("metric", "unit", "definition"), rows)


def networks() -> Iterator[str]:
    """The names of networks."""
    yield ", ".join(f"`{name}`" for name in network_names()) + "\n"


def presets() -> Iterator[str]:
    """The TOML files of the presets, with the sources of their values."""
    for name in preset_names():
        yield f"## `{name}`\n\n```toml\n{preset_text(name)}```\n"


def interface() -> Iterator[str]:
    """The names of `import spatem_ir as sp` with their docstrings."""
    for name, made in (("sp.compile", compile_network), ("Deployment", Deployment)):
        yield from _described(name, made)
    for name, made in (("Simulation", Simulation), ("sp.ImportOptions", ImportOptions)):
        yield from _described(name, made)


def _described(name: str, made: Callable[..., Any]) -> Iterator[str]:
    is_class = inspect.isclass(made)
    signature = "" if is_class else _signature(name, made)
    yield f"## `{name}`\n\n{signature}{markdown_of(made.__doc__)}"
    if is_class:
        for own, member in vars(made).items():
            if own[0] != "_" and inspect.isfunction(member):
                yield f"### `{name}.{own}`\n\n{_signature(own, member)}"
                yield markdown_of(member.__doc__)


def _signature(name: str, function: Callable[..., Any]) -> str:
    """How a function is called: its arguments without types, and their defaults."""
    shown = []
    for each in inspect.signature(function).parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and not any(text.startswith("*") for text in shown):
            shown.append("*")
        star = "*" if each.kind is each.VAR_POSITIONAL else ""
        default = "" if each.default is each.empty else f"={_written(each.default)}"
        shown.append(f"{star}{each.name}{default}")
    return f"```python\n{name}({', '.join(shown)})\n```\n\n"


def _written(value: object) -> str:
    if isinstance(value, StrEnum):
        return repr(str(value))
    return "SILENT" if isinstance(value, Messages) else repr(value)


PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "interface": interface,
    "machine-keys": machine_keys,
    "metrics": metrics,
    "networks": networks,
    "operations": operations,
    "passes": passes,
    "presets": presets,
    "strategies": strategies,
}
"""The parts of the reference, by the name under which the site asks for them."""


def reference(part: str) -> str:
    """A part of the reference, in Markdown."""
    return "\n".join(PARTS[part]())


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "–" if value is None or value is MISSING else f"`{value}`"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(header)
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
        )
        + "\n"
    )
