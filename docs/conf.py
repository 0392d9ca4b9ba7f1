"""The documentation as a site: ``make docs``; nothing is fetched, dead links fail."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from pygments.lexers.special import TextLexer
from sphinx.util.docutils import SphinxDirective

from spatem_ir import __version__
from spatem_ir.cli import bench, run
from spatem_ir.cli.opt import DESCRIPTION, SpatemOptMain
from spatem_ir.report.reference import PARTS, reference

if TYPE_CHECKING:
    from sphinx.application import Sphinx

os.environ["COLUMNS"] = "100"  # of help texts

project = "SPATEM-IR"
author = "The SPATEM-IR authors"
copyright = author
release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["study/*.csv"]
html_theme = "furo"
html_title = f"SPATEM-IR {release}"
myst_heading_anchors = 4
nitpicky = True


def command_help() -> str:
    """What the commands say of themselves, in Markdown."""
    texts = {"spatem-opt": opt_parser().format_help()}
    for parser in (run.argument_parser(), bench.argument_parser()):
        texts[parser.prog] = parser.format_help()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                texts |= {own.prog: own.format_help() for own in action.choices.values()}
    return "".join(f"## `{name}`\n\n```text\n{text}```\n\n" for name, text in texts.items())


def opt_parser() -> argparse.ArgumentParser:
    """The command line of `spatem-opt`."""
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    SpatemOptMain(["-"]).register_all_arguments(parser)
    return parser


class Reference(SphinxDirective):
    """A part of the reference, made of registers and docstrings: ``{reference} passes``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        part = self.arguments[0]
        made = {**PARTS, "commands": command_help}
        if part not in made:
            raise self.error(f"there is no reference '{part}'; one of {', '.join(made)}")
        page = command_help() if part == "commands" else reference(part)
        text = StringList(page.splitlines(), f"reference {part}")
        found = nodes.Element()
        self.state.nested_parse(text, 0, found, match_titles=True)
        return found.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive, and the languages of code blocks that Pygments has no lexer for."""
    app.add_directive("reference", Reference)
    for language in ("mlir", "rooms"):
        app.add_lexer(language, TextLexer)
    return {"parallel_read_safe": True}
