"""Parameter values: from a seeded generator, a file or inline text to arrays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    StringAttr,
    TensorType,
    i32,
)
from xdsl.ir import Attribute

from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.parameters import (
    TRANSPOSED,
    FileAttr,
    PartAttr,
    SeededAttr,
    parameter_type,
    whole_parameter,
)
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.external import external_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.lib.npyio import NpzFile
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.support.files import Writer

PACKAGE_SCHEME = "package:"
"""Prefix of a path that names a file in the package's `models` folder."""

DEFAULT_WEIGHTS_FILE = "weights.npz"

MOST_BYTES = 1 << 30
"""Bytes of all arrays in the largest .npz file that is read."""

MOST_SEEDED = 1 << 28
"""Elements of the largest parameter that is drawn."""

SEEDED_AT_ONCE = 1 << 22
"""Elements that are drawn together."""

BIAS_RANGE = 256
"""Seeded biases are uniform in −256 … 255."""


def digest_of(array: NDArray[np.generic]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of an array's bytes in C order."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(flat.view(np.uint8).data).hexdigest()[:16]


class Digested(NamedTuple):
    """Values that do not change any more, and their digest."""

    values: NDArray[np.generic]
    digest: str


@dataclass(frozen=True)
class ParameterStore:
    """Finds the values of parameters, and keeps those that passes compute.

    Relative paths are looked up in `folder` (that of the IR file), then in the working directory;
    last, a file of that name is looked for beside the IR file.
    `arrays` holds parameters that were computed in this process and are in no file yet;
    `weights_file` is the file, as IR names it, into which they will be written.  `digested` has the
    digests of arrays that :meth:`keep` has made read-only, each with its array.
    """

    folder: Path = field(default_factory=Path)
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    weights_file: str = DEFAULT_WEIGHTS_FILE
    digested: dict[str, Digested] = field(default_factory=dict, repr=False)

    def keep(
        self,
        key: str,
        values: NDArray[np.generic],
        element: Attribute,
        replaced: Attribute | None = None,
    ) -> FileAttr:
        """Keep computed values of some element type; returns the parameter that refers to them.

        From now on the values are read-only.  A key that names other values already gets a number,
        unless it is that of the parameter that the values replace.
        """
        values = np.ascontiguousarray(values)
        values.flags.writeable = False
        digest = digest_of(values)
        if isinstance(replaced, FileAttr) and replaced.path.data == self.weights_file:
            self.arrays.pop(replaced.key.data, None)
            self.digested.pop(replaced.key.data, None)
        name, number = key, 1
        while name in self.arrays and self._digest(name) != digest:
            name, number = f"{key}.{number}", number + 1
        self.arrays[name], self.digested[name] = values, Digested(values, digest)
        texts = [StringAttr(text) for text in (self.weights_file, name, digest)]
        return FileAttr(texts[0], texts[1], texts[2], TensorType(element, values.shape))

    def referenced(self, module: ModuleOp) -> dict[str, NDArray[np.generic]]:
        """What the weights file must hold for a module, if the module refers to kept parameters.

        These, and those of other IR's weights file of that name to which the module refers.
        """
        keys = {
            parameter.key.data.removesuffix(TRANSPOSED)
            for parameter in _file_parameters(module)
            if parameter.path.data == self.weights_file
        }
        kept = {key: values for key, values in self.arrays.items() if key in keys}
        if kept and len(kept) < len(keys):
            written = _file_entries(self._locate(self.weights_file))
            kept.update((key, written[key]) for key in keys - kept.keys() if key in written)
        return kept

    def files(self, module: ModuleOp) -> list[str]:
        """The files, outside the package, from which parameters of a module are read.

        A file into which kept parameters will be written is none of them.
        """
        paths = dict.fromkeys(
            parameter.path.data
            for parameter in _file_parameters(module)
            if not self._is_kept(parameter)
        )
        found = [self._found(path) for path in paths if not path.startswith(PACKAGE_SCHEME)]
        files = [str(file) for file in found if file is not None]
        models = [file for file in files if file.endswith(".onnx")]
        return files + [data for model in models for data in external_files(model)]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Make this the store that :func:`current_store` gives to passes."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def values(self, parameter: Attribute) -> NDArray[np.generic]:
        """The values of a parameter, in the shape of its type.

        Raises:
            SpatemError: the file or key is missing, or the contents are not what the IR states.
        """
        if isinstance(parameter, FloatAttr):
            return np.array(parameter.value.data, np.float32)
        shape = parameter_type(parameter).get_shape()
        if isinstance(parameter, PartAttr):
            return self.values(parameter.whole)[parameter.indices]
        if isinstance(parameter, SeededAttr):
            return seeded_values(parameter).reshape(shape)
        if isinstance(parameter, DenseIntOrFPElementsAttr):
            return np.array(parameter.get_values(), storage_dtype(parameter)).reshape(shape)
        assert isinstance(parameter, FileAttr)
        return self._from_file(parameter)

    def floats(self, parameter: Attribute) -> NDArray[np.float32]:
        """The values of a float32 parameter, in the shape of its type."""
        return np.asarray(self.values(parameter), np.float32)

    def _from_file(self, parameter: FileAttr) -> NDArray[np.generic]:
        path, key = parameter.path.data, parameter.key.data
        if path == self.weights_file and key in self.arrays:
            stored, digest = self.arrays[key], self._digest(key)
        else:
            candidates = _stored_under(key, _file_entries(self._locate(path)))
            if not candidates:
                name = key.removesuffix(TRANSPOSED)
                raise SpatemError(f"{path}: there is no parameter '{name}' in this file")
            by_digest = {digest_of(values): values for values in reversed(candidates)}
            digest = parameter.digest.data
            digest = digest if digest in by_digest else digest_of(candidates[0])
            stored = by_digest[digest]
        if digest != parameter.digest.data:
            raise SpatemError(
                f"{path}: parameter '{key}' has digest {digest}, the IR states "
                f"{parameter.digest.data}; import the network again"
            )
        shape, dtype = parameter.type.get_shape(), storage_dtype(parameter)
        if stored.size != np.prod(shape, dtype=np.int64):
            raise SpatemError(f"{path}: parameter '{key}' has shape {stored.shape}, not {shape}")
        return stored.reshape(shape).astype(dtype, copy=False)

    def _is_kept(self, parameter: FileAttr) -> bool:
        """Whether a parameter was computed in this process."""
        key = parameter.key.data.removesuffix(TRANSPOSED)
        return parameter.path.data == self.weights_file and key in self.arrays

    def _digest(self, name: str) -> str:
        """The digest of an array in `arrays`, known if :meth:`keep` has put it there."""
        values, known = self.arrays[name], self.digested.get(name)
        return known.digest if known and known.values is values else digest_of(values)

    def _locate(self, path: str) -> Path:
        if path.startswith(PACKAGE_SCHEME):
            if not packaged_file(path).is_file():
                raise SpatemError(f"{path}: there is no such file in the package")
            return packaged_file(path)
        found = self._found(path)
        if found is None:
            folder = self.folder.absolute()
            raise SpatemError(f"{path}: weights file not found (looked in {folder})")
        return found

    def _found(self, path: str) -> Path | None:
        """The file of a path outside the package, if there is one."""
        candidates = (self.folder / path, Path(path), self.folder / Path(path).name)
        return next((candidate for candidate in candidates if candidate.is_file()), None)


_CURRENT: ContextVar[ParameterStore] = ContextVar("parameter store")


def current_store() -> ParameterStore:
    """The store in use, from which passes take parameters and to which they add them."""
    return _CURRENT.get(ParameterStore())


def relative_path(path: str, folder: Path | None) -> str:
    """A path as IR in `folder` names it; unchanged without a folder or if it is packaged."""
    if folder is None or path.startswith(PACKAGE_SCHEME):
        return path
    return Path(os.path.relpath(path, folder)).as_posix()


def new_store(weights_file: str | None, folder: Path | None) -> ParameterStore:
    """A store for an IR file in `folder`, whose computed parameters go to `weights_file`."""
    path = relative_path(weights_file or DEFAULT_WEIGHTS_FILE, folder)
    return ParameterStore(folder=folder or Path(), weights_file=path)


def packaged_file(path: str) -> Path:
    """The file that a path with :data:`PACKAGE_SCHEME` names."""
    return Path(__file__).parents[1] / "models" / path.removeprefix(PACKAGE_SCHEME)


def _file_parameters(module: ModuleOp) -> Iterator[FileAttr]:
    """The parameters of a module that are in files."""
    for op in module.walk():
        parameters = map(whole_parameter, op.properties.values())
        yield from (value for value in parameters if isinstance(value, FileAttr))


def _stored_under(
    key: str, entries: Mapping[str, NDArray[np.generic]]
) -> list[NDArray[np.generic]]:
    """What a key may mean: an entry, the transpose of one, or, of an entry called `W^T`, both."""
    found = [entries[key]] if key in entries else []
    name = key.removesuffix(TRANSPOSED)
    return found + ([entries[name].T] if name != key and name in entries else [])


def _file_entries(path: Path) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of an .npz file or the initialisers of an ONNX model."""
    status = path.stat()
    return _read_entries(str(path.resolve()), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read_entries(path: str, _modified: int, _size: int) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a file at a time and of a size, so that a file that changes is read again."""
    try:
        if path.endswith(".onnx"):
            import onnx
            from onnx import numpy_helper

            graph = onnx.load(path).graph
            return {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        with np.load(path, allow_pickle=False) as archive:
            check_size(archive)
            return dict(archive)
    except SpatemError as error:
        raise SpatemError(f"{path}: {error}") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpatemError(f"{path}: not a readable weights file: {reason}") from error


def check_size(archive: NpzFile) -> None:
    """Check, before anything is unpacked, that the arrays of an archive fit into memory.

    Raises:
        SpatemError: they have more than :data:`MOST_BYTES`.
    """
    size = sum(member.file_size for member in archive.zip.infolist()) if archive.zip else 0
    if size > MOST_BYTES:
        raise SpatemError(
            f"its arrays are {size:,} bytes when unpacked; at most {MOST_BYTES:,} are read"
        )


def archive(arrays: Mapping[str, NDArray[np.generic]]) -> Writer:
    """What writes arrays as an .npz file, byte for byte reproducible."""
    ordered = dict(sorted(arrays.items()))
    return lambda file: np.savez_compressed(file, **ordered)  # type: ignore[arg-type]


def storage_dtype(parameter: Attribute) -> type[np.generic]:
    """The numpy type that holds a parameter's values."""
    element = parameter_type(parameter).element_type
    if isinstance(element, Float32Type):
        return np.float32
    if element == i32:
        return np.int32
    code = quantization_of(element)
    assert code is not None
    return np.dtype(code.storage).type


def seeded_values(parameter: SeededAttr) -> NDArray[np.generic]:
    """Values drawn from PCG64's raw stream, the same with every version of numpy.

    Weights are drawn from all their codes, with two codes added so that their mean is zero (or the
    middle of the unsigned range): the activations of a deep network then neither die nor saturate.
    Biases (si32) are uniform in −256 … 255.

    Raises:
        SpatemError: there are more than :data:`MOST_SEEDED`.
    """
    dtype = storage_dtype(parameter)
    code = quantization_of(parameter.type.element_type)
    assert code is not None
    shape = parameter.type.get_shape()
    count = prod(shape)
    if count > MOST_SEEDED:
        raise SpatemError(
            f"{'x'.join(map(str, shape))} seeded parameters are {count:,}; at most "
            f"{MOST_SEEDED:,} are drawn"
        )
    if code.bits == 32:
        codes = np.arange(-BIAS_RANGE, BIAS_RANGE, dtype=dtype)
    else:
        balance = [code.maximum, code.minimum + 2 ** (code.bits - 1) + 1] if code.signed else []
        codes = np.array([*range(code.minimum, code.maximum + 1), *balance], dtype)
    stream, values = np.random.PCG64(parameter.seed.data), np.empty(count, dtype)
    for first in range(0, count, SEEDED_AT_ONCE):
        block = values[first : first + SEEDED_AT_ONCE]
        raw = stream.random_raw(-(-len(block) // 2)).view(np.uint32)
        block[:] = codes[raw[: len(block)] % np.uint32(len(codes))]
    return values
