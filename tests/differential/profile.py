"""How many examples the differential tests try.

By default always the same ones; the environment variable SPATEM_EXAMPLES sets another number and
makes the examples random.
"""

from __future__ import annotations

import os

from hypothesis import settings


def examples(count: int) -> settings:
    """Settings for so many examples."""
    return settings(
        max_examples=int(os.environ.get("SPATEM_EXAMPLES", count)),
        derandomize="SPATEM_EXAMPLES" not in os.environ,
        deadline=None,
        database=None,
    )
