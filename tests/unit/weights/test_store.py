"""Where the values of parameters come from."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntAttr,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.parser import Parser

from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.dialects.cnn.parameters import FileAttr, SeededAttr
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, WeightLayerOp
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import write_together
from spatem_ir.universe import register_dialects
from spatem_ir.weights import store as weights_store
from spatem_ir.weights.store import ParameterStore, archive, digest_of

MATRIX = np.arange(6, dtype=np.int8).reshape(2, 3)
SI8 = IntegerType(8, Signedness.SIGNED)


def file_attribute(
    path: str, key: str = "w", array: np.ndarray = MATRIX, shape: tuple[int, ...] | None = None
) -> FileAttr:
    element = f32 if array.dtype == np.float32 else SI8
    tensor = TensorType(element, shape or array.shape)
    return FileAttr(StringAttr(path), StringAttr(key), StringAttr(digest_of(array)), tensor)


def write_model(path: Path, values: np.ndarray = MATRIX) -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["y"])],
        "test",
        [],
        [helper.make_tensor_value_info("y", TensorProto.INT8, values.shape)],
        [numpy_helper.from_array(values, "w")],
    )
    onnx.save(helper.make_model(graph), path)


def test_initialiser_of_a_model(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx")
    store = ParameterStore(tmp_path)
    np.testing.assert_array_equal(store.values(file_attribute("m.onnx")), MATRIX)
    reshaped = store.values(file_attribute("m.onnx", shape=(3, 2, 1)))
    np.testing.assert_array_equal(reshaped, MATRIX.reshape(3, 2, 1))
    transposed = store.values(file_attribute("m.onnx", "w^T", MATRIX.T))
    np.testing.assert_array_equal(transposed, MATRIX.T)


def test_array_of_an_archive(tmp_path: Path) -> None:
    scales = np.array([0.5, 0.25], np.float32)
    write_together({str(tmp_path / "a.npz"): archive({"scale": scales, "w": MATRIX})})
    values = ParameterStore(tmp_path).values(file_attribute("a.npz", "scale", scales))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, scales)


def test_archives_are_reproducible(tmp_path: Path) -> None:
    for name, keys in (("a", "vw"), ("b", "wv")):
        write_together({str(tmp_path / f"{name}.npz"): archive({key: MATRIX for key in keys})})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert zipfile.ZipFile(tmp_path / "a.npz").namelist() == ["v.npy", "w.npy"]


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(2):
            with bomb.open(f"w{number}.npy", "w", force_zip64=True) as member:
                member.write(b"\0" * MATRIX.nbytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights_store, "MOST_BYTES", MATRIX.nbytes)
        with pytest.raises(SpatemError, match=r"bomb\.npz: its arrays are 12 bytes when unpacked"):
            ParameterStore(tmp_path).values(file_attribute("bomb.npz"))


def test_computed_arrays_need_no_file() -> None:
    store = ParameterStore(arrays={"w": MATRIX}, weights_file="absent.npz")
    np.testing.assert_array_equal(store.values(file_attribute("absent.npz")), MATRIX)
    with pytest.raises(SpatemError, match=r"other\.npz: weights file not found"):
        store.values(file_attribute("other.npz"))


def test_kept_values_are_what_their_parameter_refers_to() -> None:
    store = ParameterStore()
    parameter = store.keep("w", MATRIX.copy(), SI8)
    values = store.values(parameter)
    np.testing.assert_array_equal(values, MATRIX)
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 1
    store.arrays["w"] = MATRIX + np.int8(1)
    with pytest.raises(SpatemError, match=r"parameter 'w' has digest .*, the IR states"):
        store.values(parameter)


def test_a_key_names_one_array() -> None:
    """Other values under the key of kept ones get a number, unless they replace them."""
    store = ParameterStore()
    first, other = store.keep("w", MATRIX.copy(), SI8), store.keep("w", MATRIX[::-1], SI8)
    again = store.keep("w", MATRIX.copy(), SI8)
    assert [each.key.data for each in (first, other, again)] == ["w", "w.1", "w"]
    replacing = store.keep("w", MATRIX + np.int8(2), SI8, replaced=first)
    assert replacing.key.data == "w"
    with pytest.raises(SpatemError, match="digest"):
        store.values(first)
    np.testing.assert_array_equal(store.values(other), MATRIX[::-1])


def test_places_where_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, working = tmp_path / "ir", tmp_path / "cwd"
    for place in (folder, working / "models"):
        place.mkdir(parents=True)
    monkeypatch.chdir(working)
    store, parameter = ParameterStore(folder), file_attribute("models/m.onnx")
    with pytest.raises(SpatemError, match=r"models/m\.onnx: weights file not found"):
        store.values(parameter)
    for place in (folder / "m.onnx", working / "models" / "m.onnx"):
        write_model(place)
        np.testing.assert_array_equal(store.values(parameter), MATRIX)
        place.unlink()


def test_file_that_changes_is_read_again(tmp_path: Path) -> None:
    store = ParameterStore(tmp_path)
    for values in (MATRIX, MATRIX + np.int8(1)):
        write_model(tmp_path / "m.onnx", values)
        parameter = file_attribute("m.onnx", array=values)
        np.testing.assert_array_equal(store.values(parameter), values)


def test_digest_mismatch(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx", MATRIX + np.int8(1))
    with pytest.raises(SpatemError, match=r"m\.onnx: parameter 'w' has digest \w{16}, the IR stat"):
        ParameterStore(tmp_path).values(file_attribute("m.onnx"))


def test_missing_parameter(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx")
    with pytest.raises(SpatemError, match=r"m\.onnx: there is no parameter 'v' in this file"):
        ParameterStore(tmp_path).values(file_attribute("m.onnx", "v"))


def test_wrong_number_of_elements(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx")
    with pytest.raises(SpatemError, match=r"parameter 'w' has shape \(2, 3\), not \(7,\)"):
        ParameterStore(tmp_path).values(file_attribute("m.onnx", shape=(7,)))


@pytest.mark.parametrize("name", ["m.onnx", "a.npz"])
def test_unreadable_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no weights")
    with pytest.raises(SpatemError, match="not a readable weights file"):
        ParameterStore(tmp_path).values(file_attribute(name))


def test_missing_file_of_the_package() -> None:
    with pytest.raises(SpatemError, match=r"package:absent\.onnx: there is no such file"):
        ParameterStore().values(file_attribute("package:absent.onnx"))


def test_values_in_the_text() -> None:
    store = ParameterStore()
    assert store.values(FloatAttr(0.5, f32)) == np.float32(0.5)
    dense = DenseIntOrFPElementsAttr.from_list(TensorType(SI8, [2]), [3, -4])
    np.testing.assert_array_equal(store.values(dense), np.array([3, -4], np.int8))


def test_seeded_values() -> None:
    weights = SeededAttr(IntAttr(3), TensorType(IntegerType(2, Signedness.SIGNED), [100, 100]))
    values = ParameterStore().values(weights)
    assert values.dtype == np.int8 and set(np.unique(values)) == {-2, -1, 0, 1}
    assert abs(values.mean()) < 0.05
    other = SeededAttr(IntAttr(4), weights.type)
    assert (values != ParameterStore().values(other)).any()
    np.testing.assert_array_equal(values, ParameterStore().values(weights))


def test_seeded_values_are_drawn_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = SeededAttr(IntAttr(3), TensorType(IntegerType(4, Signedness.SIGNED), [1001]))
    at_once = ParameterStore().values(weights)
    monkeypatch.setattr(weights_store, "SEEDED_AT_ONCE", 100)
    np.testing.assert_array_equal(ParameterStore().values(weights), at_once)
    monkeypatch.setattr(weights_store, "MOST_SEEDED", 1000)
    with pytest.raises(SpatemError, match=r"^1001 seeded parameters are 1,001; at most 1,000 are"):
        ParameterStore().values(weights)


def test_a_weights_file_keeps_what_ir_still_refers_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IR in another folder gets a weights file of its own, not a part of one."""
    monkeypatch.chdir(tmp_path)
    Path("below").mkdir()
    importing = ["lenet-digits-float", "--raw", "-o", "net.mlir", "-p", "fold-batch-norm"]
    assert spatem_opt(importing) == 0
    calibrate = 'calibrate{inputs="package:lenet-digits-calibration.npy"}'
    assert spatem_opt(["net.mlir", "-p", f"{calibrate},quantize", "-o", "below/net.mlir"]) == 0
    text = Path("below/net.mlir").read_text(encoding="utf-8")
    monkeypatch.chdir("below")
    with np.load("net.npz") as before:
        keys = set(before)
    store = ParameterStore(weights_file="net.npz")
    context = Context()
    register_dialects(context)
    module = Parser(context, text).parse_module()
    layer = next(op for op in module.walk() if isinstance(op, WeightLayerOp))
    assert layer.bias is not None
    layer.bias = store.keep("other.bias", store.values(layer.bias)[::-1], ACCUMULATOR_TYPE)
    assert set(store.referenced(module)) == keys - {"conv1.bias"} | {"other.bias"}
