"""Teachers: each gives every item class probabilities."""

from __future__ import annotations

from annotate.registry import Registry

TEACHERS = Registry(
    "teacher",
    {
        "neighbours": "annotate.teachers.neighbours:Neighbours",
        "probe": "annotate.teachers.probe:Probe",
        "propagation": "annotate.teachers.propagation:Propagation",
        "zero_shot": "annotate.teachers.zero_shot:ZeroShot",
    },
)
