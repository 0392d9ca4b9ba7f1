"""The work of `spatem-bench gao`: all cases, their files, and what is printed."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

from spatem_ir.geometry.writing.mapping import FAST, FULL, STRATEGIES
from spatem_ir.study.gao.networks import CIFAR, NETWORKS
from spatem_ir.study.gao.pages import BEST, as_dict, body_of
from spatem_ir.study.gao.runs import BASELINE, CaseResult, GaoCase, result_of
from spatem_ir.study.gao.store import GaoStore, GaoWork
from spatem_ir.study.gao.weights import trained_matrices
from spatem_ir.study.runner import end_with_study, stop_when_terminated, stopped_by_errors
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from spatem_ir.study.destination import Destination

EFFORTS = {"fast": FAST, "full": FULL}
"""How long places are looked for."""

SWEPT = GaoCase("VGG-16", CIFAR)
"""The case of the ablation, and of which one thing is changed at a time."""

VARIANTS = {
    "bit-plane, 16 × 8, Student's t": SWEPT,
    "OU 16 × 16": replace(SWEPT, columns=16),
    "16 Mb": replace(SWEPT, preset="gao-16mb"),
    "weight-major": replace(SWEPT, layout="weight-major"),
    "weight-major, OU 16 × 16": replace(SWEPT, layout="weight-major", columns=16),
    "gaussian": replace(SWEPT, distribution="gaussian"),
    "laplace": replace(SWEPT, distribution="laplace"),
    "segments of 4 cells": replace(SWEPT, segment=4),
    "RESET up to 200 times as long": replace(SWEPT, ratio=200.0),
    "RESET as long everywhere": replace(SWEPT, ratio=1.0),
}

TRAINED = {
    "trained": replace(SWEPT, is_trained=True),
    "trained, weight-major": replace(SWEPT, is_trained=True, layout="weight-major"),
}


def run_gao(
    *,
    networks: Sequence[str],
    effort: str,
    trained: str | None,
    jobs: int,
    store: Path | None = None,
    destination: Destination,
    as_json: bool = False,
) -> str:
    """Run all experiments, write their files, and give what is to be printed: JSON or Markdown.

    What is in the store, a file, is not run again.

    Raises:
        SpatemError: a network is not known, or a file cannot be read or written; found before
            anything is run where possible.
    """
    destination.check()
    known = list(dict.fromkeys(network for network, _ in NETWORKS))
    for name in networks:
        if name not in known:
            raise SpatemError(f"unknown network '{name}'; the networks are {', '.join(known)}")
    if trained is not None:
        trained_matrices(trained)
    cases = [GaoCase(*key) for key in NETWORKS if not networks or key[0] in networks]
    variants = VARIANTS | (TRAINED if trained is not None else {})
    others = tuple(name for name in STRATEGIES if name != BASELINE)
    work = [
        *(GaoWork(case, (BEST,), EFFORTS[effort], trained) for case in cases),
        GaoWork(SWEPT, others, EFFORTS[effort], trained),
        *(GaoWork(case, (BEST,), EFFORTS[effort], trained) for case in variants.values()),
    ]
    with nullcontext() if store is None else GaoStore(store) as kept:
        done = _all(dict.fromkeys(work), jobs, kept)
    found = [done[each] for each in work]
    first, ablation, rest = found[: len(cases)], found[len(cases)], found[len(cases) + 1 :]
    body = body_of(first, [ablation], list(zip(variants, rest, strict=True)))
    data = json.dumps([as_dict(each) for each in found], indent=2) + "\n"
    destination.write({"gao.json": data.encode(), "gao.md": f"{body}\n".encode()}, body)
    return data if as_json else f"{body}\n"


def _all(work: Collection[GaoWork], jobs: int, store: GaoStore | None) -> dict[GaoWork, CaseResult]:
    """The results of work, each of which is kept as soon as it is there."""
    found = {each: None if store is None else store.get(each) for each in work}
    done = {each: result for each, result in found.items() if result is not None}
    left = [each for each in work if each not in done]
    for each, result in in_turn(left) if jobs == 1 else in_processes(left, jobs):
        done[each] = result
        if store is not None:
            store.put(each, result)
    return done


def in_turn(work: Sequence[GaoWork]) -> Iterator[tuple[GaoWork, CaseResult]]:
    """Results, one after the other."""
    for each in work:
        yield each, result_of(*each)


def in_processes(work: Sequence[GaoWork], jobs: int) -> Iterator[tuple[GaoWork, CaseResult]]:
    """Results in the order in which processes have them, so many at a time."""
    context = get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_study)
    stop_when_terminated()
    with stopped_by_errors(pool):
        futures = {pool.submit(result_of, *each): each for each in work}
        for future in as_completed(futures):
            yield futures[future], future.result()
