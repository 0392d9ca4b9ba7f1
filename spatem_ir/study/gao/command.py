"""The work of `spatem-bench gao`: all cases, their files, and what is printed."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.geometry.writing.mapping import FAST, FULL, STRATEGIES, Effort
from spatem_ir.study.gao.networks import CIFAR, NETWORKS
from spatem_ir.study.gao.pages import BEST, as_dict, body_of
from spatem_ir.study.gao.runs import BASELINE, CaseResult, GaoCase, result_of
from spatem_ir.study.gao.weights import trained_matrices
from spatem_ir.study.runner import end_with_study
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class GaoWork(NamedTuple):
    """A case, and what is done with it."""

    case: GaoCase
    strategies: tuple[str, ...]
    effort: Effort
    trained: str | None


def run_gao(
    *,
    networks: Sequence[str],
    effort: str,
    trained: str | None,
    jobs: int,
    destination: Destination,
    as_json: bool = False,
) -> str:
    """Run all experiments, write their files, and give what is to be printed: JSON or Markdown.

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
    found = _all(work, jobs)
    first, ablation, rest = found[: len(cases)], found[len(cases)], found[len(cases) + 1 :]
    body = body_of(first, [ablation], list(zip(variants, rest, strict=True)))
    data = json.dumps([as_dict(each) for each in found], indent=2) + "\n"
    destination.write({"gao.json": data.encode(), "gao.md": f"{body}\n".encode()}, body)
    return data if as_json else f"{body}\n"


def _all(work: Sequence[GaoWork], jobs: int) -> list[CaseResult]:
    if jobs == 1:
        return [result_of(*each) for each in work]
    workers = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=end_with_study)
    with workers as pool:
        return list(pool.map(result_of, *zip(*work, strict=True)))
