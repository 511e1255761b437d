"""The soup: one network whose weights are the mean of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def average_weights(states: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return the mean of the parameters of several networks, as parameters of one.

    They must be of one descent, such as checkpoints of a training, or begin at the same weights:
    what lies between networks that began apart is mostly no network that works. Whether the mean
    is better than the best of them must be measured.

    Parameters
    ----------
    states : sequence of mappings of str to array
        One or more, with the same names and shapes; what ``parameters`` of students returned.

    Returns
    -------
    dict of str to array
        Float arrays averaged, running statistics too, in their own number format. All others, such
        as counts, from the last.

    Raises
    ------
    ValueError
        If there is no state, or names or shapes differ.

    References
    ----------
    The course soups of Chen et al. 2023 (MCL), arXiv:2305.03981, and the uniform soup of Wortsman
    et al. 2022, arXiv:2203.05482.
    """
    if not states:
        raise ValueError("states must hold one or more; got none. Give what parameters() returned.")
    for number, state in enumerate(states):
        _check_alike(state, states[0], number)
    return {name: _mean([state[name] for state in states]) for name in states[-1]}


def _check_alike(
    state: Mapping[str, NDArray[Any]], first: Mapping[str, NDArray[Any]], number: int
) -> None:
    if state.keys() != first.keys():
        raise ValueError(
            f"states must have the same names; state {number} and the first differ in"
            f" {sorted(state.keys() ^ first.keys())}. Average networks of one kind."
        )
    for name, array in state.items():
        if array.shape != first[name].shape:
            raise ValueError(
                f"states must have the same shapes; {name} is {array.shape} in state {number} and"
                f" {first[name].shape} in the first. Average networks of one kind."
            )


def _mean(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    last = arrays[-1]
    if not np.issubdtype(last.dtype, np.floating):
        return last.copy()
    total = np.zeros(last.shape, dtype=np.float64)
    for array in arrays:
        total += array
    return (total / len(arrays)).astype(last.dtype)
