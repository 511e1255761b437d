"""Students, and how they learn."""

from __future__ import annotations

from annotate.registry import Registry

STUDENTS = Registry(
    "student",
    {
        "continued": "annotate.training.continued:Continued",
        "conv": "annotate.training.conv:Conv",
        "distilled": "annotate.training.distilled:Distilled",
        "fine_tuned": "annotate.training.fine_tuned:FineTuned",
        "fst": "annotate.training.fst:Fst",
        "fst_d": "annotate.training.fst:FstDeep",
        "fst_w": "annotate.training.fst:FstWide",
        "label_free": "annotate.training.label_free_student:LabelFree",
        "linear": "annotate.training.linear:Linear",
        "long_tail": "annotate.training.long_tail:LongTail",
        "momentum": "annotate.training.momentum:Momentum",
        "mutual": "annotate.training.mutual:Mutual",
        "prompts": "annotate.training.prompts:Prompts",
        "rotations": "annotate.training.rotations:Rotations",
        "smoothed_linear": "annotate.training.smoothed_linear:SmoothedLinear",
        "sub_pseudo_labels": "annotate.training.sub_pseudo_labels_student:SubPseudoLabelled",
        "two_stage": "annotate.training.two_stage:TwoStage",
    },
)
