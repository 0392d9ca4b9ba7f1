"""Docstrings as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc

ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
SECTION = re.compile(r"(Args|Attributes|Options|Raises|Returns):$")
ENTRY = re.compile(r"    (\S[^:]*): (.*)$")


def markdown_of(docstring: str | None) -> str:
    """A docstring of ours as Markdown: its sections become lists, what is indented code.

    Roles of Sphinx are names in backticks, double backticks single ones.
    """
    text = ROLE.sub(r"`\1`", cleandoc(docstring or "")).replace("``", "`")
    return "\n".join(_blocks(text.splitlines())).strip() + "\n"


def _blocks(lines: list[str]) -> Iterator[str]:
    section, is_code = False, False
    for line in lines:
        if line and not line.startswith(" "):
            if is_code:
                yield "```\n"
            is_code, section = False, bool(SECTION.match(line))
            yield f"\n**{line}**\n" if section else line.replace("::", ":")
        elif section:
            entry = ENTRY.match(line)
            yield (
                f"- `{entry[1].strip('`')}`: {entry[2]}" if entry else f"  {line.strip()}".rstrip()
            )
        elif line and not is_code:
            is_code = True
            yield f"```text\n{line[4:]}"
        else:
            yield line[4:] if is_code else line
    if is_code:
        yield "```"
