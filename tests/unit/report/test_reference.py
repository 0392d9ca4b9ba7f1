"""The reference is made of registers: whatever there is, is in it, with its docstring."""

from __future__ import annotations

import pytest

from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.report.docstrings import markdown_of
from spatem_ir.report.reference import PARTS, reference
from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.universe import SPATEM_UNIVERSE

DOCSTRING = """Does something.

    With :func:`~spatem_ir.compile` and ``code``::

        first line
          second

    After it.

    Options:
        one: is this,
            in two lines.
        two: is that.
    """

MARKDOWN = """\
Does something.

With `compile` and `code`:

```text
first line
  second

```

After it.


**Options:**

- `one`: is this,
  in two lines.
- `two`: is that.
"""


def test_docstrings_become_markdown() -> None:
    assert markdown_of(DOCSTRING) == MARKDOWN
    assert markdown_of(None) == "\n"


@pytest.mark.parametrize("part", PARTS)
def test_no_part_is_empty(part: str) -> None:
    assert len(reference(part)) > 100


def test_everything_is_in_it() -> None:
    passes, operations, keys = map(reference, ("passes", "operations", "machine-keys"))
    assert all(f"## `{name}`\n\n" in passes for name in SPATEM_UNIVERSE.all_passes)
    assert "| `method` | `str` | `auto` |" in passes
    assert "- operands: `input`\n- attributes: `window`, " in operations
    assert all(f"## `[{group}]`" in keys for group in GROUPS)
    assert all(f'### `kind = "{kind}"`' in keys for kinds in KINDS.values() for kind in kinds)
    assert "| `wordlines` | wordlines driven at once | whole number from 1 | needed |" in keys
    assert all(f"| `{name}` | " in reference("metrics") for name in all_metrics())
