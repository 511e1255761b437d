"""Teachers: each gives every item class probabilities."""

from __future__ import annotations

from annotate.registry import Registry

TEACHERS = Registry(
    "teacher",
    {
        "dawid_skene": "annotate.teachers.dawid_skene:DawidSkene",
        "ensemble": "annotate.teachers.ensemble:Ensemble",
        "frechet": "annotate.teachers.frechet:Frechet",
        "label_model": "annotate.teachers.label_model:LabelModelTeacher",
        "majority_vote": "annotate.teachers.majority_vote:MajorityVote",
        "neighbours": "annotate.teachers.neighbours:Neighbours",
        "probe": "annotate.teachers.probe:Probe",
        "propagation": "annotate.teachers.propagation:Propagation",
        "stacked": "annotate.teachers.stacked:Stacked",
        "two_cues": "annotate.teachers.two_cues:TwoCues",
        "zero_shot": "annotate.teachers.zero_shot:ZeroShot",
    },
)
