"""The figure of `spatem-bench pelke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.study.charts import figure_with, grouped_bars, legend_below, rendered, study_style
from spatem_ir.study.pelke.runs import BUSES, SIDES, PelkeCase
from spatem_ir.study.pelke.tables import SWEPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.study.pelke.runs import SchemeTimes


def rendered_pelke(found: Mapping[PelkeCase, SchemeTimes]) -> dict[str, bytes]:
    """The share of the limit by cores and width of the bus: files by name."""
    with study_style():
        figure = figure_with()
        (axes,) = figure.axes
        several = [[found[PelkeCase(layer, SIDES[0], bus)] for layer in SWEPT] for bus in BUSES]
        grouped_bars(
            axes,
            [f"{each.case.cores:,} cores" for each in several[0]],
            {
                f"{bus} B": [100 * each.share("cyclic") for each in own]
                for bus, own in zip(BUSES, several, strict=True)
            },
        )
        axes.set_ylabel("speed-up by the limit, %")
        legend_below(axes, len(BUSES))
        return {f"buses.{ending}": data for ending, data in rendered(figure).items()}
