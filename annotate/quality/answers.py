"""Check the answers of several reviewers, as agreement and consensus take them."""

from __future__ import annotations

from annotate.protocols import Ints


def check_answers(items: Ints, reviewers: Ints, classes: Ints) -> None:
    """Raise ValueError unless the three arrays are answers, one entry each.

    Parameters
    ----------
    items, reviewers, classes : int arrays of shape (n_answers,)
        Numbers from 0: who gave which class to which item. Missing answers have no entry.
    """
    shapes = {items.shape, reviewers.shape, classes.shape}
    if len(shapes) != 1 or items.ndim != 1:
        raise ValueError(
            "items, reviewers and classes must be one entry an answer; got shapes"
            f" {items.shape}, {reviewers.shape} and {classes.shape}."
        )
    for name, numbers in (("items", items), ("reviewers", reviewers), ("classes", classes)):
        if len(numbers) and numbers.min() < 0:
            raise ValueError(
                f"{name} must be 0 or more; got {numbers.min()}. Leave missing answers out."
            )
