"""Commands and outputs that pages show, run and compared.

A block that begins with ``$ `` shows commands, each with what it prints; a line ``…`` stands for
any lines.  A block after ``In `FILE`:`` is that file.  A comment right before a block says why it
is not run here::

    <!-- long: a minute of CPU -->           run by python -m tests.docs
    <!-- run by tests/unit/examples/… -->    run by that test
    <!-- not run: needs a cluster -->        not run at all

In other blocks of ``sh`` there are commands without outputs: their arguments are parsed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

BLOCK = re.compile(r"(?:^<!-- (.*?) -->\n+)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"In `(\S+)`:\n+\Z")
REASON = re.compile(r"(long|not run): \S|run by (tests/\S+\.py)\Z")
MARKS = ("long:", "not run:", "run by ")
ONCE = re.compile(r"spatem-\w+: compiling .* for this machine, once")
"""What is said by the first run after an installation."""

SHELLS = ("", "sh", "console")


@dataclass(frozen=True)
class ShownCommand:
    """A command as it is typed, and the lines that it prints; none if the page shows none."""

    text: str
    printed: tuple[str, ...]


@dataclass(frozen=True)
class PageBlock:
    """A block of a page: where, what it holds, the file that it is, and the comment before it."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None
    mark: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_session(self) -> bool:
        """Whether it shows commands with their outputs."""
        return self.language in SHELLS and self.text.startswith("$ ")

    @property
    def is_long(self) -> bool:
        """Whether it takes too long for every test run."""
        return self.mark is not None and self.mark.startswith("long:")

    @property
    def is_skipped(self) -> bool:
        """Whether it is not run here: another test does, or nothing."""
        return self.mark is not None and not self.is_long

    def commands(self) -> Iterator[ShownCommand]:
        """The commands; a line that ends in a backslash goes on in the next."""
        text, printed = "", list[str]()
        for line in self.text.splitlines():
            if text.endswith("\\"):
                text = f"{text}\n{line.removeprefix('> ')}"
            elif line.startswith("$ "):
                if text:
                    yield ShownCommand(text, tuple(printed))
                text, printed = line.removeprefix("$ "), []
            else:
                printed.append(line)
        yield ShownCommand(text, tuple(printed))


def blocks_of(page: Path) -> list[PageBlock]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        file = FILE.search(text[: match.start()])
        mark = match[1] if match[1] and match[1].startswith(MARKS) else None
        line = text.count("\n", 0, match.start(2)) + 1
        found.append(PageBlock(page, line, match[2], match[3], file and file[1], mark))
    return found


def run_page(page: Path, folder: Path, *, long: bool) -> list[str]:
    """Run the sessions of a page in a folder; what differs from what the page shows."""
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    problems = []
    for block in blocks_of(page):
        if block.file is not None:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.is_session and not block.is_skipped and (long or not block.is_long):
            for command in block.commands():
                problems += run_command(block, command, folder)
    return problems


def run_command(block: PageBlock, command: ShownCommand, folder: Path) -> list[str]:
    """Run a command; what differs from what the page shows."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.text],
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = [line.rstrip() for line in done.stdout.splitlines() if not ONCE.match(line)]
    if is_shown([line.rstrip() for line in command.printed], printed):
        return []
    text = "\n".join(printed)
    return [f"{block}: $ {command.text}\nprints, with exit status {done.returncode}:\n{text}"]


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are those that a page shows; one that shows none does not say."""
    while shown and not shown[-1]:
        shown.pop()
    while printed and not printed[-1]:
        printed.pop()
    pattern = "".join(".*" if line == "…" else re.escape(f"{line}\n") for line in shown)
    text = "".join(f"{line}\n" for line in printed)
    return not shown or re.fullmatch(pattern, text, re.DOTALL) is not None
