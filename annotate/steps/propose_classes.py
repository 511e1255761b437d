"""Propose classes for a corpus: the names of a vocabulary that groups of items vote for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, SourceError
from annotate.protocols import NO_LABEL, Progress, Rows, TextTower, no_progress
from annotate.schema import MAX_CLASSES, ClassSpec, Schema, check_class_names, collision_key
from annotate.steps.change_schema import apply_change
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.tell_names_apart import (
    NamedCorpus,
    PhraseReport,
    PhraseSettings,
    tell_names_apart,
)
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at
from annotate.store.schema_versions import retired, with_config_classes
from annotate.teachers.group_count import count_groups
from annotate.teachers.open_vocabulary import SAMPLE_ROWS, Naming, name_groups
from annotate.teachers.prompts import default_templates
from annotate.teachers.zero_shot import class_features

N_EXAMPLES = 3


@dataclass(frozen=True)
class ProposedClass:
    """A name, how many items would have it, and the ids of some that lie nearest to it.

    ``support`` is the share of them that are nearest to this name of all names.
    """

    name: str
    description: str
    n_items: int
    support: float
    examples: tuple[str, ...]


@dataclass(frozen=True)
class ProposeReport:
    """Names for a corpus, the most frequent first.

    Attributes
    ----------
    probes : tuple of (int, float)
        Numbers of groups that were tried and their silhouettes; none where the number was given.
    applied : tuple of str
        Names that were made classes.
    retired : tuple of str
        Classes that were retired, since no item had a label of theirs.
    phrases : PhraseReport, optional
        What came of asking a language model, where one was to be asked.
    """

    n_words: int
    n_groups: int
    probes: tuple[tuple[int, float], ...]
    classes: tuple[ProposedClass, ...]
    applied: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    phrases: PhraseReport | None = None


def propose_classes(
    workspace: Workspace,
    vocabulary: Path,
    *,
    n_groups: int | None = None,
    apply: bool = False,
    retire_unused: bool = False,
    seed: int = 0,
    phrases: PhraseSettings | None = None,
    progress: Progress = no_progress,
    tell: Callable[[str], None] = lambda line: None,
) -> ProposeReport:
    """Find names for the corpus in a vocabulary; labels are not looked at.

    Parameters
    ----------
    vocabulary : Path
        UTF-8 text, one name a line; what follows a tab describes it.
    n_groups : int, optional
        How many groups vote; by default a number is looked for.
    apply : bool
        Make the names classes.
    retire_unused : bool
        With ``apply``: retire the classes in force that no item has a label of.
    phrases : PhraseSettings, optional
        Ask a language model what tells the candidates of each group apart. Until its cost is agreed
        to nothing is sent and nothing applied.

    Raises
    ------
    SourceError
        If the vocabulary cannot be read.
    ConfigError
        If the encoder reads no names, or the number of groups is impossible.
    NotReadyError
        If there are no features, or there is no endpoint to ask.
    ChatError
        If the endpoint cannot be used.
    """
    words = read_vocabulary(vocabulary)
    labels = read_given_labels(workspace).current
    view = StoredCorpus(workspace, labels, progress=progress)
    features = view.features()
    tower = view.encoder()
    if not isinstance(tower, TextTower):
        raise ConfigError(
            f"Names can be found for features of an encoder that reads names; {tower.id} does not."
            " Run `annotate embed DIR --encoder sentence:all-MiniLM-L6-v2`, or an open_clip model."
        )
    templates = default_templates(view.modality)
    word_features = class_features(tower, Schema(tuple(words)), templates)
    probes: tuple[tuple[int, float], ...] = ()
    try:
        if n_groups is None:
            found = count_groups(_sample(features, seed), most=min(len(words), 2000), seed=seed)
            n_groups, probes = found.n_groups, found.probes
        naming = name_groups(features, word_features, n_groups, seed=seed)
    except ValueError as error:
        raise ConfigError(f"The number of groups must fit corpus and vocabulary. {error}") from None
    asked: PhraseReport | None = None
    if phrases is not None:
        corpus = NamedCorpus(features, view.modality, tower, words, word_features, templates)
        asked, naming = tell_names_apart(
            workspace, corpus, naming, phrases, progress=progress, tell=tell
        )
    proposed = _describe(workspace, features, word_features, words, naming)
    report = ProposeReport(len(words), n_groups, probes, proposed, phrases=asked)
    if not apply or (asked is not None and not asked.answered):
        return report
    used = {workspace.schema.names[number] for number in set(labels[labels != NO_LABEL].tolist())}
    return _apply(workspace, report, used if retire_unused else None)


def read_vocabulary(path: Path) -> list[ClassSpec]:
    """Return the names of a file, one a line, each once, with what follows a tab as description.

    Raises
    ------
    SourceError
        If it is no UTF-8 text with two names or more.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SourceError(
            f"A vocabulary must be a UTF-8 text file; {path} is not ({why}). Write one name a line."
        ) from None
    by_key: dict[str, ClassSpec] = {}
    for line in lines:
        name, _, description = line.partition("\t")
        name = name.strip()
        if name:
            spec = ClassSpec(len(by_key), name, description=description.strip())
            by_key.setdefault(collision_key(name), spec)
    if len(by_key) < 2:
        raise SourceError(f"A vocabulary must hold two names or more; {path} holds {len(by_key)}.")
    return list(by_key.values())


def _sample(features: Rows, seed: int) -> NDArray[np.float32]:
    n_items = features.shape[0]
    drawn = np.random.default_rng(seed).permutation(n_items)[:SAMPLE_ROWS]
    vectors = features.take(np.sort(drawn))
    vectors = vectors[np.isfinite(vectors).all(axis=1)]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def _describe(
    workspace: Workspace,
    features: Rows,
    word_features: NDArray[np.float32],
    words: Sequence[ClassSpec],
    naming: Naming,
) -> tuple[ProposedClass, ...]:
    found = []
    for group, word in enumerate(naming.words.tolist()):
        members = np.flatnonzero(naming.groups == group)
        near = features.take(members[:SAMPLE_ROWS]) @ word_features[word]
        nearest = members[:SAMPLE_ROWS][np.argsort(-near, kind="stable")[:N_EXAMPLES]]
        with workspace.store.read() as connection:
            ids = read_items_at(connection, ["item_id"], nearest.tolist())["item_id"]
        spec, support = words[word], float(naming.support[group])
        found.append(
            ProposedClass(spec.name, spec.description, len(members), support, tuple(ids.tolist()))
        )
    return tuple(found)


def _apply(workspace: Workspace, report: ProposeReport, used: set[str] | None) -> ProposeReport:
    """Add the names, and retire what is not ``used`` unless that is None."""
    taken = {collision_key(name) for name in workspace.schema.names}
    new = [own for own in report.classes if collision_key(own.name) not in taken]
    wanted = {own.name for own in report.classes}
    if len(new) + workspace.schema.n_classes > MAX_CLASSES:
        raise ConfigError(
            f"A project holds at most {MAX_CLASSES:,} classes; there would be"
            f" {len(new) + workspace.schema.n_classes:,}. Ask for fewer with --groups."
        )
    check_class_names([*workspace.schema.names, *(own.name for own in new)])
    gone = [
        spec.name
        for spec in workspace.schema.active
        if used is not None and spec.name not in used and spec.name not in wanted
    ]

    def change(schema: Schema) -> Schema:
        added = tuple(ClassSpec(0, own.name, description=own.description) for own in new)
        changed = with_config_classes(schema, (*schema.active, *added))
        for name in gone:
            changed = retired(changed, name)
        return replace(changed, version=schema.version + 1)

    if new or gone:
        apply_change(workspace, change, f"propose: {len(new)} added, {len(gone)} retired", None)
    return replace(report, applied=tuple(own.name for own in new), retired=tuple(gone))
