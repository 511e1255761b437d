"""Which pseudo-labels a round may learn from."""

from __future__ import annotations

from annotate.registry import Registry

SELECTORS = Registry(
    "selector",
    {
        "actune": "annotate.selection.actune:AcTune",
        "adamatch": "annotate.selection.adamatch:AdaMatch",
        "agreement": "annotate.selection.agreement:Agreement",
        "curriculum": "annotate.selection.curriculum:Curriculum",
        "dash": "annotate.selection.dash:Dash",
        "flexmatch": "annotate.selection.flexmatch:FlexMatch",
        "freematch": "annotate.selection.freematch:FreeMatch",
        "growing": "annotate.selection.growing:Growing",
        "growing_quota": "annotate.selection.quota:GrowingQuota",
        "growing_share": "annotate.selection.growing_share:GrowingShare",
        "hast": "annotate.selection.hast:HAST",
        "leave_one_out": "annotate.selection.leave_one_out:LeaveOneOut",
        "logit_adjusted": "annotate.selection.logit_adjusted:LogitAdjusted",
        "marginmatch": "annotate.selection.marginmatch:MarginMatch",
        "nest": "annotate.selection.nest:NeST",
        "novelty": "annotate.selection.novelty:Novelty",
        "prior_quota": "annotate.selection.prior_quota:PriorQuota",
        "quota": "annotate.selection.quota:Quota",
        "ramp": "annotate.selection.ramp:Ramp",
        "softmatch": "annotate.selection.softmatch:SoftMatch",
        "threshold": "annotate.selection.threshold:Threshold",
        "two_cues": "annotate.selection.two_cues:TwoCues",
        "ups": "annotate.selection.ups:UPS",
        "ust": "annotate.selection.ust:UST",
        "verips": "annotate.selection.verips:VERIPS",
    },
)
