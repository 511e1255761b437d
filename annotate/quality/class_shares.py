"""How labels spread over the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.checks import check_labels
from annotate.protocols import Ints


def measure_class_shares(labels: Ints, n_classes: int) -> NDArray[np.floating[Any]]:
    """Return (n_classes,) shares, 0 to 1, of the labelled items in each class.

    Items without a label (-1) are left out; where none has one, every share is 0.
    """
    check_labels(labels, len(labels), n_classes)
    counts = np.bincount(labels[labels >= 0], minlength=n_classes)
    return counts / max(int(counts.sum()), 1)
