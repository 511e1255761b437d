"""Whether a run of rounds would only do again what was done and given up before."""

from __future__ import annotations

import hashlib

import numpy as np

from annotate import __version__
from annotate.steps.anchor import Anchor
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import GivenLabels
from annotate.steps.opinions import read_opinions
from annotate.steps.run_settings import RunSettings
from annotate.steps.select import make_chain
from annotate.steps.workspace import Workspace
from annotate.store.history import (
    Record,
    find_round,
    list_predictions,
    next_round_no,
    stands_since_training,
)
from annotate.store.tables import canonical_json


def run_sha256(
    workspace: Workspace, settings: RunSettings, given: GivenLabels, base: Record, anchor: Anchor
) -> str | None:
    """Return what tells a run from all that would not do the very same, None where nothing can.

    Nothing can where a selector reads a file, which may change unseen.
    """
    if "ids" in make_chain(settings.selectors).needs:
        return None
    with workspace.store.read() as connection:
        told = [r["prediction_id"] for r in list_predictions(connection) if r["round_no"] is None]
    facts = {
        "program": __version__,
        "run": settings.as_json(),
        "base": base["round_no"],
        "anchor": anchor.prediction_id,
        "predictions": told,
        "encoder_id": StoredCorpus(workspace, given.training).find_encoder_id(),
        "schema_version": workspace.schema.version,
    }
    digest = hashlib.sha256(canonical_json(facts).encode())
    opinions = read_opinions(given, workspace.schema.n_classes)
    for values in (
        given.current, given.training, given.measuring, given.dropped,
        given.human.conflict, given.human.rejected, opinions.rows, opinions.shares,
    ):  # fmt: skip
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def find_given_up(
    workspace: Workspace, settings: RunSettings, given: GivenLabels, base: Record, anchor: Anchor
) -> Record | None:
    """Return the last round of the newest run if that was the very same and left ``base`` standing.

    What a person asks for by name is done: a run that starts anew from a teacher, and one from a
    round that somebody went back to.
    """
    with workspace.store.read() as connection:
        newest = find_round(connection, next_round_no(connection) - 1)
        stands = stands_since_training(connection)
    if (
        settings.teacher is not None
        or not stands
        or newest is None
        or newest["stop_reason"] is None
    ):
        return None
    run_hash = run_sha256(workspace, settings, given, base, anchor)
    same = run_hash is not None and newest["settings"].get("run_sha256") == run_hash
    return newest if same and newest["round_no"] != base["round_no"] else None
