"""Why some published numbers are not reproduced, as far as that is known."""

from __future__ import annotations

_STEPS = "the bar is what the simulation takes, {} steps, as VGG-E's bars are"
_OPTIMUM = (
    "the model has no such allocation: 164 operations are its proven optimum; the published "
    "solver's answer takes 166"
)
_TIES = "where ties go to the largest number of copies instead, the solver finds {}"
_STRIDES = (
    "all strides behind the first layer are 1, so Sc² is identical replication, as the bars of 512 "
    "crossbars are; here the first layer was given more copies, by a rule that is not stated"
)
_LABEL = "misprint: the row is that of (2,048, 256²), whose bars figure 7 draws"

REASONS: dict[tuple[str, str, str], str] = {
    ("Figure 7", "AlexNet, 1,024 of 256²", "proposed"): _STEPS.format(35),
    ("Figure 7", "AlexNet, 2,048 of 256²", "proposed"): _STEPS.format(18),
    ("Figure 7", "VGG-A, 4,096 of 128²", "proposed"): _OPTIMUM,
    ("Table 5", "VGG-A, 4,096 of 128²", "proposed"): _OPTIMUM,
    ("Figure 7", "ResNet-18, 4,096 of 256²", "proposed"): _TIES.format("one of 36 operations"),
    ("Figure 7", "VGG-E, 4,096 of 256²", "proposed"): _TIES.format("one of 200 steps"),
    ("Table 5", "VGG-E, 4,096 of 256²", "proposed"): _TIES.format("one of 200 steps"),
    **{
        ("Table 5", "MobileNet-v1, 4,096 of 128²", what): _LABEL
        for what in ("proposed", "WoHo", "crossbars that WoHo leaves")
    },
    **{
        ("Figure 7", f"AlexNet, {case}²", "Sc²"): _STRIDES
        for case in ("1,024 of 128", "1,024 of 256", "2,048 of 128", "2,048 of 256")
    },
    ("Table 5", "ResNet-18, 4,096 of 128²", "crossbars that WoHo leaves"): (
        "not known: the operations of the same copies agree"
    ),
}
"""By source, case and quantity."""
