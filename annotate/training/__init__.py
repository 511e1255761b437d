"""Students, and how they learn."""

from __future__ import annotations

from annotate.registry import Registry

STUDENTS = Registry(
    "student",
    {
        "linear": "annotate.training.linear:Linear",
        "smoothed_linear": "annotate.training.smoothed_linear:SmoothedLinear",
    },
)
