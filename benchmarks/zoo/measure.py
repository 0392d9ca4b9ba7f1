"""Imports, checks and simulates the networks of a folder, each in processes of its own.

`python -m benchmarks.zoo.measure check|run FOLDER [NAME …]` notes in FOLDER/results.json what
`spatem-run` says of the networks NAME.onnx: `check` imports them and compares every tensor with
onnxruntime at level `cnn`; `run` deploys them, executes an image with values, which must equal the
integer reference, and measures cycles.  Where a network does not fit on isaac-ou, larger copies of
it are tried.  Networks that have a result are left out if no names are given.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from benchmarks.measure import ONE_THREAD, Cost, run_python
from benchmarks.zoo import trained

SCALES = (1, 2, 4)
"""Factors of both sides of the mesh and of the buffers, in the order in which they are tried."""


@dataclass(frozen=True)
class Result:
    """What became of a network.

    Attributes:
        error: The message of `spatem-run` where the network cannot be imported; else empty.
        tensors: How many tensors were compared with onnxruntime.
        elements: How many elements they have.
        check: CPU seconds and peak MB of the import with this comparison.
        scale: The factor of the accelerator on which the network ran; 0 if on none.
        cycles: The latency there.
        run: CPU seconds and peak MB of its compilation and execution with values.
        refusals: What `spatem-run` said where the network did not run, by scale.
    """

    error: str = ""
    tensors: int = 0
    elements: int = 0
    check: tuple[float, float] = (0.0, 0.0)
    scale: int = 0
    cycles: int = 0
    run: tuple[float, float] = (0.0, 0.0)
    refusals: dict[str, str] = field(default_factory=dict)


def main(task: str, folder: Path, names: list[str]) -> None:
    """Measure the networks of these names, or all that have no result."""
    file = folder / "results.json"
    for name in names or sorted(path.stem for path in folder.glob("*.onnx")):
        results = json.loads(file.read_text()) if file.exists() else {}
        known = Result(**results.get(name, {}))
        if not names and (known.error or (known.scale if task == "run" else known.tensors)):
            continue
        found = run(folder, name, known) if task == "run" else check(folder, name, known)
        results[name] = asdict(found)
        file.write_text(json.dumps(results, indent=1, sort_keys=True))
        print(name, results[name], flush=True)


def check(folder: Path, name: str, known: Result) -> Result:
    """What is known of a network, with its comparison at level `cnn`."""
    try:
        cost = _spatem_run(folder, name, "--level", "cnn", "--check", "onnxruntime")
    except RuntimeError as error:
        return replace(known, error=_last_line(error), tensors=0)
    counts = re.search(r"tensors +([\d,]+) with ([\d,]+) elements", cost.output)
    if counts is None or "equal to onnxruntime" not in cost.output:
        return replace(known, error=_last_line(cost.output), tensors=0)
    tensors, elements = (int(count.replace(",", "")) for count in counts.groups())
    return replace(known, error="", tensors=tensors, elements=elements, check=_figures(cost))


def run(folder: Path, name: str, known: Result) -> Result:
    """What is known of a network, with its execution on the smallest machine on which it fits."""
    refusals: dict[str, str] = {}
    for scale in SCALES:
        accelerator = folder / f"isaac-ou-{scale}.toml"
        accelerator.write_text(_scaled_preset(scale))
        arguments = ["--accelerator", str(accelerator), "--images", "1", "--check", "reference"]
        try:
            cost = _spatem_run(folder, name, *arguments)
        except RuntimeError as error:
            refusals[str(scale)] = _last_line(error)
            continue
        found = re.search(r"latency +([\d,]+) cycles", cost.output)
        if found is None or "equal to reference" not in cost.output:
            refusals[str(scale)] = _last_line(cost.output)
            break
        cycles, figures = int(found[1].replace(",", "")), _figures(cost)
        return replace(known, scale=scale, cycles=cycles, run=figures, refusals=refusals)
    return replace(known, scale=0, refusals=refusals)


def _spatem_run(folder: Path, name: str, *arguments: str) -> Cost:
    """Run `spatem-run` on a network, with the calibration inputs that belong to it."""
    images = folder / f"{re.sub(r'[.](dynamo|script)$', '', name)}.npy"
    options = ["--calibration", str(images)] if images.exists() else []
    if name in trained.NETWORKS:
        options += ["--shape", trained.NETWORKS[name].shape_option]
    start = "import sys; from spatem_ir.cli.start import run; sys.exit(run())"
    network = str(folder / f"{name}.onnx")
    return run_python(["-c", start, network, *options, *arguments], ONE_THREAD)


def _scaled_preset(factor: int) -> str:
    """The text of isaac-ou with both sides of the mesh and the buffers times a factor."""
    from importlib.resources import files

    text = (files("spatem_ir.hardware.presets") / "isaac-ou.toml").read_text()
    for key in ("pe_rows", "pe_columns", "buffer_bytes"):
        text = re.sub(
            rf"^({key} *= *)(\d+)", lambda m: f"{m[1]}{int(m[2]) * factor}", text, flags=re.M
        )
    return text


def _figures(cost: Cost) -> tuple[float, float]:
    return round(cost.cpu_seconds, 1), round(cost.peak_mb)


def _last_line(text: object) -> str:
    return (str(text).strip().splitlines() or [""])[-1]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
