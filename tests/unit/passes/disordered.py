"""Programs whose visits were exchanged: some of them deadlock."""

from __future__ import annotations

from random import Random

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.ou import MvmOp, StreamOp
from spatem_ir.geometry.shapes.index_sequence import IndexSequence


def exchange_visits(random: Random, module: ModuleOp, exchanges: int) -> None:
    """Exchange pairs of visits within streams; all other promises of the module are kept."""
    streams = [op for op in module.walk() if isinstance(op, StreamOp)]
    for _ in range(exchanges):
        number = random.randrange(len(streams))
        stream = streams[number]
        visits = [(burst, window) for burst, windows in stream.runs() for window in windows]
        a, b = random.randrange(len(visits)), random.randrange(len(visits))
        visits[a], visits[b] = visits[b], visits[a]
        streams[number] = StreamOp(
            stream.crossbars.data,
            [
                MvmOp(burst.layer.string_value(), burst.tiles.data, IndexSequence.of([window]))
                for burst, window in visits
            ],
        )
        Rewriter.replace_op(stream, streams[number], [])
