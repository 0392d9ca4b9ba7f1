"""Inputs of a network: read from files, given as arrays, or drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.operators.onnx_import.network import identifier
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import PACKAGE_SCHEME, check_size, packaged_file

if TYPE_CHECKING:
    from spatem_ir.dialects.cnn import NetworkOp

Array = NDArray[Any]

SYNTHETIC_INPUTS = 2
"""Random inputs from which scales are taken where there are no others."""

MOST_ELEMENTS = 1 << 28
"""Elements of all calibration inputs together."""

Given = str | Array | Mapping[str, Array]
"""Inputs as a user gives them: a file, one array, or arrays by the names of inputs."""


def input_names(network: NetworkOp) -> list[str]:
    """What the inputs of a network are called: the names of the model, as identifiers."""
    arguments = network.body.block.args
    return [argument.name_hint or f"input{argument.index}" for argument in arguments]


def read_arrays(path: str, names: Sequence[str]) -> list[Array]:
    """One array for each input: of an .npy file, or those of its names in an .npz file.

    Arrays of an .npy file stay in the file until they are read.

    Raises:
        SpatemError: the file cannot be read, or lacks an array.
    """
    located = packaged_file(path) if path.startswith(PACKAGE_SCHEME) else Path(path)
    try:
        loaded = np.load(located, mmap_mode="r", allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return arrays_by_name(np.asarray(loaded), names, path)
        with loaded:
            check_size(loaded)
            return arrays_by_name(dict(loaded), names, path)
    except FileNotFoundError as error:
        raise SpatemError(f"{path}: there is no such file") from error
    except SpatemError as error:
        text = str(error)
        raise SpatemError(text if text.startswith(path) else f"{path}: {text}") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpatemError(f"{path}: not a readable .npy or .npz file: {reason}") from error


def arrays_by_name(
    given: Array | Mapping[str, Array], names: Sequence[str], path: str
) -> list[Array]:
    """One array for each input, in the order of the inputs.

    One array is that of the only input, whatever its name.

    Raises:
        SpatemError: there is none for some input, or one for no input.
    """
    if isinstance(given, Mapping) and len(given) == 1:
        given = next(iter(given.values())) if len(names) == 1 else given
    wanted = ", ".join(f"'{name}'" for name in names)
    if not isinstance(given, Mapping):
        if len(names) == 1:
            return [given]
        raise SpatemError(
            f"{path}: is one array, but the inputs are {wanted}; give an .npz file with an array "
            "of the name of each"
        )
    found = {identifier(key): array for key, array in given.items()}
    if set(found) != set(names):
        held = ", ".join(f"'{name}'" for name in given)
        raise SpatemError(f"{path}: holds the arrays {held}, but the inputs are {wanted}")
    return [found[name] for name in names]


def calibration_inputs(network: NetworkOp, given: Given) -> list[Array]:
    """Inputs [n, …] that fit those of a network, one array for each.

    float16 becomes float32.

    Raises:
        SpatemError: they cannot be read, do not fit or are too many.
    """
    names, arguments = input_names(network), network.body.block.args
    path = given if isinstance(given, str) else "calibration"
    arrays = (
        read_arrays(given, names) if isinstance(given, str) else arrays_by_name(given, names, path)
    )
    elements = sum(array.size for array in arrays)
    if elements > MOST_ELEMENTS:
        raise SpatemError(
            f"{path}: calibration inputs have {elements:,} elements; {MOST_ELEMENTS:,} are "
            "possible: give fewer inputs"
        )
    fitting = [
        _fitting(array, argument, name, path)
        for array, argument, name in zip(arrays, arguments, names, strict=True)
    ]
    if len({len(array) for array in fitting}) > 1:
        counts = ", ".join(f"{len(a)} of '{n}'" for a, n in zip(fitting, names, strict=True))
        raise SpatemError(f"{path}: has calibration inputs of different number: {counts}")
    return fitting


def _fitting(inputs: Array, argument: SSAValue, name: str, path: str) -> Array:
    """Inputs in the type that an input of a network takes.

    Raises:
        SpatemError: they do not fit.
    """
    if inputs.dtype == np.float16:
        inputs = inputs.astype(np.float32)
    code = quantization_of(argument.type)
    wanted = np.dtype(np.float32 if code is None else storage_dtype(code))
    if inputs.dtype != wanted:
        raise SpatemError(
            f"{path}: calibration inputs are {inputs.dtype}; the model's input '{name}' is {wanted}"
        )
    expected = shape_of(argument)
    if inputs.shape[1:] != expected or not len(inputs):
        shape = ", ".join(map(str, ("n", *expected)))
        raise SpatemError(
            f"{path}: calibration inputs have shape {list(inputs.shape)}; the model's input "
            f"'{name}' needs [{shape}] with n of at least 1"
        )
    if is_floating(argument) and not np.isfinite(inputs).all():
        raise SpatemError(f"{path}: calibration inputs contain values that are not finite")
    return inputs


def synthetic_inputs(network: NetworkOp, seed: int) -> list[Array]:
    """Random inputs where there are no others, one array for each input of a network.

    Codes are uniform over all codes; float32 inputs are normal with deviation 1, as the pixels of
    normalised images.

    Raises:
        SpatemError: the seed is negative.
    """
    if seed < 0:
        raise SpatemError(f"--seed is {seed}; it must be at least 0")
    generator = np.random.default_rng([seed, 1])
    drawn: list[Array] = []
    for argument in network.body.block.args:
        shape, code = (SYNTHETIC_INPUTS, *shape_of(argument)), quantization_of(argument.type)
        if code is None:
            drawn.append(generator.standard_normal(shape, np.float32))
        else:
            codes = generator.integers(code.minimum, code.maximum + 1, shape)
            drawn.append(codes.astype(storage_dtype(code)))
    return drawn
