"""The work of `spatem-bench li`: every published number again, files, and what is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spatem_ir.study.li.better import improvements, run_times
from spatem_ir.study.li.machine import machine_runs
from spatem_ir.study.li.pages import as_dict, page
from spatem_ir.study.li.reproduction import reproduction

if TYPE_CHECKING:
    from spatem_ir.study.destination import Destination
    from spatem_ir.support.messages import Messages


def run_li(*, destination: Destination, as_json: bool, with_machine: bool, say: Messages) -> str:
    """Reproduce the evaluation, write its files, and give what is to be printed.

    All but the run times of table 7 is the same in every run.

    Raises:
        SpatemError: a file cannot be written; found before anything is run where possible.
    """
    destination.check()
    reproduced, improved, times = reproduction(say), improvements(say), run_times(say)
    runs = machine_runs(say) if with_machine else []
    body = page(reproduced, improved, times, runs)
    data = json.dumps(as_dict(reproduced, improved, times, runs), indent=2) + "\n"
    title = "# Allocation under crossbars and bandwidth\n\n"
    destination.write({"li.md": (title + body).encode(), "li.json": data.encode()}, body)
    return data if as_json else title + body
