"""How many examples the differential tests try.

The environment variable SPATEM_EXAMPLES sets the number and makes the examples random; by default
they are always the same.
"""

from __future__ import annotations

import os

from hypothesis import settings

PROFILE = settings(
    max_examples=int(os.environ.get("SPATEM_EXAMPLES", "80")),
    derandomize="SPATEM_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
)
