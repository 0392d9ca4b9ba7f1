"""Imports, checks and simulates the networks of a folder, each in processes of its own.

`python -m benchmarks.zoo.measure FOLDER [NAME …]` notes in FOLDER/results.json for each network
NAME.onnx what `spatem-run` says: first at level `cnn`, where every tensor is compared with
onnxruntime, then of a deployment, whose values are compared with the integer reference.  Where the
network does not fit on isaac-ou, larger copies of it are tried.
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
    refusals: dict[int, str] = field(default_factory=dict)


def main(folder: Path, names: list[str]) -> None:
    """Measure the networks of these names, or all that have no result."""
    file = folder / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    every = sorted(path.stem for path in folder.glob("*.onnx"))
    for name in names or [name for name in every if name not in results]:
        results[name] = asdict(measured(folder, name))
        file.write_text(json.dumps(results, indent=1, sort_keys=True))
        print(name, results[name], flush=True)


def measured(folder: Path, name: str) -> Result:
    """The result of one network."""
    try:
        cost = _spatem_run(folder, name, "--level", "cnn", "--check", "onnxruntime")
    except RuntimeError as error:
        return Result(error=_last_line(error))
    counts = re.search(r"tensors +([\d,]+) with ([\d,]+) elements", cost.output)
    if counts is None or "equal to onnxruntime" not in cost.output:
        return Result(error=_last_line(cost.output))
    tensors, elements = (int(count.replace(",", "")) for count in counts.groups())
    result = Result("", tensors, elements, _figures(cost))
    for scale in SCALES:
        accelerator = folder / f"isaac-ou-{scale}.toml"
        accelerator.write_text(_scaled_preset(scale))
        arguments = ["--accelerator", str(accelerator), "--images", "1", "--check", "reference"]
        try:
            cost = _spatem_run(folder, name, *arguments)
        except RuntimeError as error:
            result = replace(result, refusals={**result.refusals, scale: _last_line(error)})
            continue
        found = re.search(r"latency +([\d,]+) cycles", cost.output)
        if found is None or "equal to reference" not in cost.output:
            refusals = {**result.refusals, scale: _last_line(cost.output)}
            return replace(result, refusals=refusals)
        cycles = int(found[1].replace(",", ""))
        return replace(result, scale=scale, cycles=cycles, run=_figures(cost))
    return result


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
    main(Path(sys.argv[1]), sys.argv[2:])
