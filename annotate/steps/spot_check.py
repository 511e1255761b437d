"""Without gold, a spot check: random items whose answers decide whether rounds helped."""

from __future__ import annotations

import numpy as np

from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL
from annotate.quality.spot_check import SpotCheck, judge_rounds
from annotate.review.measuring import SPOT_CHECK
from annotate.steps.given_labels import GivenLabels
from annotate.steps.measuring import measure
from annotate.steps.workspace import Workspace
from annotate.store.history import head_round_no, lineage
from annotate.store.queue_front import ask_first, read_queue_front

N_ITEMS = 30


def ask_spot_check(workspace: Workspace, given: GivenLabels, seed: int) -> int:
    """Put random items into the review queue if no label measures; return how many wait.

    The items are drawn from all that have no label, whatever any model says of them, so that their
    answers speak for the corpus. They are asked once; asking again would let the sample be chosen.
    """
    with workspace.store.read() as connection:
        asked = read_queue_front(connection)
    spot = asked.loc[asked["reason"] == SPOT_CHECK, "item_no"].to_numpy(dtype=np.int64)
    if len(spot):
        return int((~given.human.decided[spot]).sum())
    if (given.measuring != NO_LABEL).any():
        return 0
    open_items = np.flatnonzero((given.current == NO_LABEL) & ~given.dropped & ~given.human.decided)
    generator = seeded_generator(seed, "spot check")
    chosen = generator.choice(open_items, size=min(N_ITEMS, len(open_items)), replace=False)
    with workspace.store.write() as connection:
        ask_first(connection, chosen.tolist(), SPOT_CHECK)
    return len(chosen)


def judge_spot_check(workspace: Workspace, given: GivenLabels) -> SpotCheck | None:
    """Compare the teacher with the head round on the spot-check answers; None without answers."""
    with workspace.store.read() as connection:
        head = head_round_no(connection)
        chain = lineage(connection, head) if head is not None else []
    if len(chain) < 2 or not given.spot_check.any():
        return None
    before = measure(workspace, given, chain[0]["prediction_id"])
    after = measure(workspace, given, chain[-1]["prediction_id"])
    if before is None or after is None:
        return None
    answers = given.spot_check[given.measuring != NO_LABEL]
    return judge_rounds(before.right[answers], after.right[answers])
