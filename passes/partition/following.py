"""The passes that follow `partition`, for strategies that look at what comes of a partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.passes import ModulePass

_FOLLOWING: ContextVar[tuple[ModulePass, ...]] = ContextVar("following", default=())


def following_passes() -> tuple[ModulePass, ...]:
    """The passes of the pipeline after `partition`; what they leave the usual ones lower."""
    return _FOLLOWING.get()


@contextmanager
def followed_by(passes: Sequence[ModulePass]) -> Iterator[None]:
    """Meanwhile, these passes follow `partition`."""
    token = _FOLLOWING.set(tuple(passes))
    try:
        yield
    finally:
        _FOLLOWING.reset(token)


def passes_after_partition(passes: Sequence[ModulePass]) -> Sequence[ModulePass]:
    """The passes of a pipeline that deploy what `partition` leaves."""
    names = [each.name for each in passes]
    return passes[names.index("partition") + 1 :] if "partition" in names else ()
