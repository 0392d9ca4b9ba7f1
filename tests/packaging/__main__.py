"""The wheel in clean environments, without and with each extra, as a user without privileges.

``python -m tests.packaging [EXTRA …]`` builds the wheel, makes an environment for each extra
(`none`: the package alone), and runs what the extra is for from an empty folder; as `nobody` if it
is run as root.  It needs the package index, minutes, and a Python that `nobody` can read;
tests/unit/test_packaging.py does what needs none of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

NOBODY = 65534
"""The user and group under which root runs the tools."""

ALWAYS = (
    "spatem-run --version",
    "spatem-run --list",
    "spatem-run lenet-digits --strategy minimum --engine reference",
    "spatem-run lenet-digits",
    "spatem-opt lenet --accelerator isaac-ou -p partition{strategy=minimum},pack,assign,order",
    "spatem-run --copy-examples examples",
    "spatem-bench explore examples/explore/quick.toml --jobs 2",
)

SEARCH = "[explore]\nmethod='nsga2'\npoints=4\npopulation=2\n[axes]\nnetwork='lenet-digits'\n"
SEARCH += "strategy='minimum'\nchip.pe_rows={from=4,to=8}\n"

CLUSTER = """\
from distributed import LocalCluster
from spatem_ir.cli.bench import main
if __name__ == "__main__":
    with LocalCluster(n_workers=2, dashboard_address=None) as cluster:
        space = "examples/explore/quick.toml"
        scheduler = cluster.scheduler_address
        assert main(["explore", space, "--scheduler", scheduler, "--store", "c.sqlite"]) == 0
"""

FILES = {"search.toml": SEARCH, "cluster.py": CLUSTER}

ALONE = "none"
"""What is said for the package without extras."""

OF_EXTRAS = {
    "": (),
    "fast": ("spatem-run lenet-digits --engine fast",),
    "reference": ("spatem-run lenet-digits --strategy minimum --check onnxruntime --images 3",),
    "report": (
        "spatem-bench explore examples/explore/quick.toml --out results",
        "spatem-bench study --networks lenet --strategies minimum isaac --out study "
        "--without ablation sensitivity",
        "spatem-run lenet-digits --strategy minimum --report out.html",
    ),
    "trace": ("spatem-run lenet-digits --strategy minimum --trace out.pftrace",),
    "explore": ("spatem-bench explore search.toml",),
    "cluster": ("python cluster.py",),
    "completion": ("spatem-run --print-completion bash",),
    "oracle": ("python -c import\N{NO-BREAK SPACE}ortools",),
    "assignment": ("python -c import\N{NO-BREAK SPACE}scipy.optimize",),
    "docs": ("python -c import\N{NO-BREAK SPACE}furo,myst_parser,sphinx",),
}
"""What each extra is for; those of training and of benchmarks/zoo need the repository."""


def main(argv: list[str] | None = None) -> int:
    """Check the extras that are named, by default all; 1 if a command fails."""
    parser = argparse.ArgumentParser("python -m tests.packaging", description=__doc__)
    names = [extra or ALONE for extra in OF_EXTRAS]
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help=f"of {', '.join(names)}")
    extras = parser.parse_args(argv).extras
    for extra in extras:
        if extra not in names:
            parser.error(f"there is no extra {extra}; there are {', '.join(names)}")
    if not can_run(sys.executable):
        parser.error(
            f"{sys.executable} cannot be run by nobody, as whom root runs the tools; take a Python "
            "that all may read, such as /usr/bin/python3"
        )
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        pip = pip_of(folder / "builder")
        subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, ROOT], check=True)
        (wheel,) = folder.glob("*.whl")
        for name in extras or names:
            extra = "" if name == ALONE else name
            print(f"spatem-ir[{extra}]" if extra else "spatem-ir", flush=True)
            failures += checked(extra, wheel, folder / name)
    return int(failures > 0)


def user_of_tools() -> dict[str, Any]:
    """As whom the tools run: arguments of :func:`subprocess.run`."""
    if os.geteuid():
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def can_run(python: str) -> bool:
    """Whether the user of the tools can run a Python, and read its library."""
    try:
        tried = subprocess.run(
            [os.path.realpath(python), "-c", "import venv"],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
            **user_of_tools(),
        )
    except PermissionError:
        return False
    return tried.returncode == 0


def pip_of(environment: Path) -> list[str | Path]:
    """Make an environment; pip in it."""
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    return [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def checked(extra: str, wheel: Path, folder: Path) -> int:
    """Install a wheel with an extra, and run its commands in an empty folder; how many fail."""
    environment, empty = folder / "environment", folder / "empty"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    subprocess.run([*pip_of(environment), "install", wanted], check=True)
    empty.mkdir()
    for name, text in FILES.items():
        (empty / name).write_text(text, encoding="utf-8")
    user = user_of_tools()
    if user:
        os.chown(empty, NOBODY, NOBODY)
    failures = 0
    for command in (*ALWAYS, *OF_EXTRAS[extra]):
        tool, *arguments = command.split(" ")
        done = subprocess.run(
            [environment / "bin" / tool, *(text.replace("\xa0", " ") for text in arguments)],
            cwd=empty,
            env={"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": str(empty)},
            capture_output=True,
            text=True,
            check=False,
            **user,
        )
        print(f"  {'ok    ' if done.returncode == 0 else 'FAILED'} {command}", flush=True)
        if done.returncode:
            failures += 1
            print(done.stdout[-1000:], done.stderr[-2000:], sep="\n", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
