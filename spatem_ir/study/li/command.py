"""The work of `spatem-bench li`: every published number again, files, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

from spatem_ir.study.documents import check_folder, make_folder
from spatem_ir.study.insertion import inserted, insertion_point
from spatem_ir.study.li.better import improvements, run_times
from spatem_ir.study.li.machine import machine_runs
from spatem_ir.study.li.pages import as_dict, page
from spatem_ir.study.li.reproduction import reproduction
from spatem_ir.support.files import check_outputs, write_together


def run_li(*, folder: Path | None, document: Path | None, as_json: bool, with_machine: bool) -> str:
    """Reproduce the evaluation, write its files, and give what is to be printed.

    All but the run times of table 7 is the same in every run.

    Raises:
        SpatemError: a file cannot be written; found before anything is run where possible.
    """
    if folder is not None:
        check_folder(folder)
    if document is not None:
        insertion_point(document)
        check_outputs([str(document)], ())
    reproduced, improved, times = reproduction(), improvements(), run_times()
    runs = machine_runs() if with_machine else []
    body = page(reproduced, improved, times, runs)
    data = json.dumps(as_dict(reproduced, improved, times, runs), indent=2) + "\n"
    title = "# Allocation under crossbars and bandwidth\n\n"
    files: dict[str, bytes] = {}
    if folder is not None:
        make_folder(folder)
        files[str(folder / "li.md")] = (title + body).encode()
        files[str(folder / "li.json")] = data.encode()
    if document is not None:
        files[str(document)] = inserted(document, body)
    write_together(files, ())
    return data if as_json else title + body
