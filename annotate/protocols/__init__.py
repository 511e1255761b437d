"""What the parts look like to each other.

``proba`` is float (n_items, n_classes) with rows that sum to 1; ``features`` float (n_items, dim);
``labels`` int (n_items,) with -1 for none; ``rows`` are positions, ascending; ``weights`` are
relative to a gold label, which has weight 1.
"""

from __future__ import annotations

from annotate.protocols.arrays import (
    NO_LABEL,
    Bools,
    Floats,
    Ints,
    Items,
    Progress,
    Rows,
    no_progress,
)
from annotate.protocols.encoders import (
    Encoder,
    MaskableNetwork,
    PromptableEncoder,
    TextTower,
    TrainableEncoder,
    TrainableNetwork,
)
from annotate.protocols.export import Exporter, ExportRow
from annotate.protocols.selection import NO_NEEDS, Need, Selection, SelectionContext, Selector
from annotate.protocols.students import (
    Checkpoints,
    EncoderStudent,
    NetworkStudent,
    Opinions,
    Processes,
    PromptStudent,
    Student,
    TrainingRun,
)
from annotate.protocols.teachers import CorpusView, Teacher, Votes, WeighsExperts

__all__ = [
    "NO_LABEL",
    "NO_NEEDS",
    "Bools",
    "Checkpoints",
    "CorpusView",
    "Encoder",
    "EncoderStudent",
    "ExportRow",
    "Exporter",
    "Floats",
    "Ints",
    "Items",
    "MaskableNetwork",
    "Need",
    "NetworkStudent",
    "Opinions",
    "Processes",
    "Progress",
    "PromptStudent",
    "PromptableEncoder",
    "Rows",
    "Selection",
    "SelectionContext",
    "Selector",
    "Student",
    "Teacher",
    "TextTower",
    "TrainableEncoder",
    "TrainableNetwork",
    "TrainingRun",
    "Votes",
    "WeighsExperts",
    "no_progress",
]
