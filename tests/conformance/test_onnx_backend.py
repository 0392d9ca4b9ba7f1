"""ONNX's backend test suite: every case of CNN inference runs, or is refused for a listed reason.

To run means: imported operator by operator, without quantisation, and executed at level `cnn`;
floats agree within the tolerances of the suite, integers exactly.  What is changed in a case before
the import is said in :mod:`conformance.adaptation`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from conformance.adaptation import Adapted, adapt
from conformance.exclusions import EXCLUSIONS
from conformance.suite import Array, Case, in_storage, select_cases, select_further_cases

from spatem_ir.frontend.load import ImportOptions, LoadedNetwork, load_onnx
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

CASES = {case.name: case for case in select_cases()}
REFUSALS = {name: exclusion.message for exclusion in EXCLUSIONS for name in exclusion.names}
RUN = [name for name in CASES if name not in REFUSALS]
EXCLUDED = [name for name in CASES if name in REFUSALS]

COUNTED_VERSION = "1.23"
"""The version of onnx whose cases are counted; others have a few more or less."""


@pytest.mark.skipif(
    not onnx.__version__.startswith(f"{COUNTED_VERSION}."),
    reason=f"the cases are counted for onnx {COUNTED_VERSION}",
)
def test_no_case_is_lost() -> None:
    assert (len(CASES), len(RUN), len(EXCLUDED)) == (301, 262, 39)
    assert sorted(name for exclusion in EXCLUSIONS for name in exclusion.names) == EXCLUDED


FURTHER = select_further_cases()

AS_ONNXRUNTIME = {"test_resize_downsample_scales_linear_align_corners"}
"""Cases in which onnxruntime, and this package with it, rounds the size of the result first."""


def imported(case: Case, folder: Path) -> tuple[Adapted, LoadedNetwork]:
    """An adapted case and its network, operator by operator."""
    adapted = adapt(case)
    path = folder / "model.onnx"
    onnx.save(adapted.model, path)
    return adapted, load_onnx(str(path), ImportOptions(raw=True))


@pytest.mark.parametrize("name", RUN)
def test_case(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    check_values(case, *imported(case, tmp_path))


@pytest.mark.skipif(
    not onnx.__version__.startswith(f"{COUNTED_VERSION}."),
    reason=f"the cases are counted for onnx {COUNTED_VERSION}",
)
def test_further_operators_run_or_are_refused(tmp_path: Path) -> None:
    """Those that are refused have other types than floats, the batch in their axes, or cubic."""
    run = 0
    for case in FURTHER:
        if case.name in AS_ONNXRUNTIME:
            continue
        try:
            adapted, network = imported(case, tmp_path)
        except SpatemError:
            continue
        check_values(case, adapted, network)
        run += 1
    assert (len(FURTHER), run) == (283, 173)


def check_values(case: Case, adapted: Adapted, network: LoadedNetwork) -> None:
    """Compare the results on all data sets of a case."""
    store = ParameterStore(arrays=network.arrays)
    assert case.data_sets
    for inputs, expected in case.data_sets:
        results = execute(network.module, adapted.inputs(inputs), store)
        for result, wanted in zip(adapted.outputs(results), expected, strict=True):
            coarse = BFLOAT16_STEP if wanted.dtype.name == "bfloat16" else 0.0
            expect_equal(result, in_storage(wanted), case, coarse)


BFLOAT16_STEP = 2.0**-7
"""The relative distance of neighbours in bfloat16, in which the suite computes some results."""


def expect_equal(result: Array, wanted: Array, case: Case, coarse: float = 0.0) -> None:
    """Check a result: floats within the case's tolerances, or `coarse` ones, integers exactly.

    What is one number for each image has one element.
    """
    if result.shape == (*wanted.shape, 1):
        result = result.reshape(wanted.shape)
    assert (result.shape, result.dtype) == (wanted.shape, wanted.dtype)
    assert wanted.size > 0
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(result, wanted, max(case.rtol, coarse), case.atol)
    else:
        np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("name", EXCLUDED)
def test_excluded_case_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpatemError, match=REFUSALS[name]):
        imported(CASES[name], tmp_path)
