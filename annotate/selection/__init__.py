"""Which pseudo-labels a round may learn from."""

from __future__ import annotations

from annotate.registry import Registry

SELECTORS = Registry(
    "selector",
    {
        "agreement": "annotate.selection.agreement:Agreement",
        "curriculum": "annotate.selection.curriculum:Curriculum",
        "growing": "annotate.selection.growing:Growing",
        "growing_quota": "annotate.selection.quota:GrowingQuota",
        "growing_share": "annotate.selection.growing_share:GrowingShare",
        "quota": "annotate.selection.quota:Quota",
        "ramp": "annotate.selection.ramp:Ramp",
        "threshold": "annotate.selection.threshold:Threshold",
    },
)
