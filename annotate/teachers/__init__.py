"""Teachers: each gives every item class probabilities."""

from __future__ import annotations

from annotate.registry import Registry

TEACHERS = Registry(
    "teacher",
    {
        "frechet": "annotate.teachers.frechet:Frechet",
        "neighbours": "annotate.teachers.neighbours:Neighbours",
        "probe": "annotate.teachers.probe:Probe",
        "propagation": "annotate.teachers.propagation:Propagation",
        "two_cues": "annotate.teachers.two_cues:TwoCues",
        "zero_shot": "annotate.teachers.zero_shot:ZeroShot",
    },
)
