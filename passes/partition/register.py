"""The register of partition strategies: one file each in `strategies`, and those of packages.

An installed package adds a strategy by an entry point of the group ``spatem_ir.strategies`` that
has the strategy's name and names its class.  Strategies are imported when they are chosen.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from spatem_ir.passes.partition import strategies
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.pass_text import check_options_once
from spatem_ir.support.register import added_entries, loaded, package_of

if TYPE_CHECKING:
    from xdsl.utils.arg_spec import ArgSpec

    from spatem_ir.passes.partition.strategy import Strategy

GROUP = "spatem_ir.strategies"
"""The group of entry points by which packages add strategies."""

DEFAULT_STRATEGY = "search"
"""The strategy where none is named."""

STAND_IN = "first-deployable"
"""What stands in for it where it cannot run."""


@cache
def _files() -> dict[str, str]:
    """The modules that hold our strategies, by name of strategy."""
    modules = (module.name for module in iter_modules(strategies.__path__))
    return {module.replace("_", "-"): f"{strategies.__name__}.{module}" for module in modules}


def strategy_names() -> list[str]:
    """The names of all strategies: ours, then those of installed packages.

    Raises:
        SpatemError: two strategies have the same name.
    """
    return [*_files(), *added_entries(GROUP, "strategy", _files())]


def strategy_type(name: str) -> type[Strategy]:
    """The strategy of a name.

    Raises:
        SpatemError: there is none, or what a package calls by this name is none.
    """
    from spatem_ir.passes.partition.strategy import Strategy

    if name in _files():
        module = import_module(_files()[name])
        own = (value for value in vars(module).values() if isinstance(value, type))
        return next(each for each in own if issubclass(each, Strategy) and _name(each) == name)
    entries = added_entries(GROUP, "strategy", _files())
    if name not in entries:
        raise SpatemError(f"unknown strategy '{name}'; one of {', '.join(strategy_names())}")
    found = loaded(entries[name], "strategy")
    if not (isinstance(found, type) and issubclass(found, Strategy) and _name(found) == name):
        raise SpatemError(
            f"strategy '{name}' of {package_of(entries[name])}: {entries[name].value} must be a "
            f"subclass of Strategy whose name is '{name}'"
        )
    return found


def default_strategy() -> str:
    """The name of the strategy where none is named: one that can run here."""
    return DEFAULT_STRATEGY if strategy_type(DEFAULT_STRATEGY).lacks() is None else STAND_IN


def _name(strategy: type[Strategy]) -> str | None:
    return vars(strategy).get("name")


def strategy_from_spec(spec: ArgSpec) -> Strategy:
    """The strategy of a name with its options.

    Raises:
        SpatemError: there is no such strategy, it has no such option, or a value is wrong.
    """
    from xdsl.utils.arg_spec import ArgSpec

    chosen, parameters = strategy_type(spec.name), spec.normalize_parameter_names().parameters
    options = chosen.options()
    for name, value in parameters.items():
        if name not in options:
            known = f"it has {', '.join(options)}" if options else "it has none"
            raise SpatemError(f"strategy {spec.name} has no option '{name}'; {known}")
        try:
            chosen.from_spec(ArgSpec(spec.name, {name: value}))
        except ValueError as error:
            raise SpatemError(f"{name} of strategy {spec.name}: {error}") from error
    return chosen.from_spec(ArgSpec(spec.name, parameters))


def strategy_spec(text: str) -> ArgSpec:
    """A strategy as it is written in text: a name, options may follow: ``spatem{deal=blocks}``.

    Raises:
        SpatemError: the text is not of that form.
    """
    from xdsl.utils.arg_spec import parse_pipeline
    from xdsl.utils.exceptions import ArgSpecParseError

    check_options_once(text)
    try:
        (spec,) = parse_pipeline(text)
    except (ArgSpecParseError, ValueError) as error:
        raise SpatemError(
            f"strategy '{text}': must be a name, or a name and options of partition: "
            "spatem{deal=blocks}"
        ) from error
    if "strategy" in spec.parameters:
        raise SpatemError(f"strategy '{text}': names a strategy twice")
    return spec
