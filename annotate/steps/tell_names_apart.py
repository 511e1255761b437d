"""Ask a language model what tells candidate names apart, and let groups vote by its phrases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.bridges.chat.client import ChatClient, ChatReply
from annotate.bridges.chat.cost import Cost, estimate_cost
from annotate.bridges.chat.phrases import expected_characters, phrases_request, read_phrases
from annotate.errors import ChatError, ConfigError
from annotate.protocols import Progress, Rows, TextTower
from annotate.schema import ClassSpec, Modality, Schema
from annotate.steps.chat_endpoint import Spending, open_client, replies_to
from annotate.steps.workspace import Workspace
from annotate.teachers.open_vocabulary import Naming
from annotate.teachers.phrase_realignment import (
    Phrases,
    candidate_words,
    distinct_phrases,
    realign,
)
from annotate.teachers.prompts import fill_templates, spoken_names
from annotate.teachers.zero_shot import class_features

N_REPEATS = 3


@dataclass(frozen=True)
class PhraseSettings:
    """Who is asked for phrases, and whether at all.

    Attributes
    ----------
    model : str
        As the endpoint calls it.
    url : str, optional
        What comes before ``/chat/completions``; default the variable ``ANNOTATE_CHAT_URL``.
    confirmed : bool
        The cost is agreed to; else nothing is sent.
    replay : bool
        Send nothing; fail if a reply is not on record.
    price_in, price_out : float, optional
        For a million tokens sent and received.
    parallel : int
        Requests under way at once.
    allow_http : bool
        Let the key cross a network in clear text.
    """

    model: str
    url: str | None = None
    confirmed: bool = False
    replay: bool = False
    price_in: float | None = None
    price_out: float | None = None
    parallel: int = 4
    allow_http: bool = False


@dataclass(frozen=True)
class PhraseReport:
    """What was asked, or would be, and what came of it.

    Attributes
    ----------
    estimate : Cost
        What had to be sent, by length, before anything was.
    answered : bool
        False where nothing was sent because nobody agreed to the cost.
    n_groups : int
        Groups with two candidates or more.
    n_told_apart : int
        Those of them with phrases about each candidate; the others keep their votes.
    n_unusable, n_refused : int
        Replies without phrases, and requests that the endpoint would not answer.
    spent : Cost, optional
        By the endpoint's own count of tokens.
    new, gone : tuple of str
        Names that came by it, and that went.
    """

    estimate: Cost
    n_groups: int
    answered: bool = False
    n_told_apart: int = 0
    n_unusable: int = 0
    n_refused: int = 0
    first_refusal: str | None = None
    spent: Cost | None = None
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class NamedCorpus:
    """A corpus with a vocabulary, as ``tell_names_apart`` takes it."""

    features: Rows
    modality: Modality
    tower: TextTower
    words: Sequence[ClassSpec]
    word_features: NDArray[np.float32]
    templates: Sequence[str]


def tell_names_apart(
    workspace: Workspace,
    corpus: NamedCorpus,
    naming: Naming,
    settings: PhraseSettings,
    *,
    progress: Progress,
    tell: Callable[[str], None],
) -> tuple[PhraseReport, Naming]:
    """Return what asking took or would take, and the groups under the names that phrases speak for.

    Each group's three most frequent candidates are asked about three times. Every reply is kept in
    the project: what was asked once is never sent again.

    Raises
    ------
    ConfigError
        If a setting is impossible.
    NotReadyError
        If the endpoint is missing, or a reply that is to be replayed.
    ChatError
        If the endpoint cannot be used.
    """
    if settings.parallel < 1:
        raise ConfigError(
            f"The number of requests at once must be 1 or more; got {settings.parallel}."
        )
    candidates = _Candidates(corpus, naming, settings.model)
    client = open_client(
        workspace, settings.url, replay=settings.replay, allow_http=settings.allow_http, tell=tell
    )
    with workspace.running("propose"), closing(client):
        unsent = [body for body in candidates.bodies() if not client.has(body)]
        longest = max(map(expected_characters, candidates.specs), default=0)
        estimate = estimate_cost(
            unsent, longest, price_in=settings.price_in, price_out=settings.price_out
        )
        report = PhraseReport(estimate, len(candidates.groups))
        if not (settings.confirmed or settings.replay or not unsent):
            return report, naming
        report, said = _ask(client, candidates, settings, report, progress)
    phrases, n_told_apart = _embed(corpus, candidates, said)
    found = realign(corpus.features, corpus.word_features, naming, phrases)
    before, after = ([corpus.words[w].name for w in own.words] for own in (naming, found))
    return (
        replace(
            report,
            n_told_apart=n_told_apart,
            new=tuple(name for name in after if name not in before),
            gone=tuple(name for name in before if name not in after),
        ),
        found,
    )


class _Candidates:
    """The groups with two candidates or more, and the requests about each."""

    def __init__(self, corpus: NamedCorpus, naming: Naming, model: str) -> None:
        found = candidate_words(naming)
        self.groups = np.flatnonzero((found >= 0).sum(axis=1) > 1).tolist()
        self.numbers = [[w for w in found[group].tolist() if w >= 0] for group in self.groups]
        self.specs = [[corpus.words[number] for number in own] for own in self.numbers]
        self._modality = corpus.modality
        self._model = model

    def bodies(self) -> list[dict[str, Any]]:
        """Return every request, group after group."""
        return [
            phrases_request(own, modality=self._modality, model=self._model, sample=sample)
            for own in self.specs
            for sample in range(N_REPEATS)
        ]


def _ask(
    client: ChatClient,
    candidates: _Candidates,
    settings: PhraseSettings,
    report: PhraseReport,
    progress: Progress,
) -> tuple[PhraseReport, list[dict[str, dict[str, int]]]]:
    """Return what it took, and of each group the phrases of each candidate with their counts."""
    bodies = candidates.bodies()
    names = [[spec.name for spec in own] for own in candidates.specs]
    said: list[dict[str, tuple[str, ...]]] = []
    spending, refusals = Spending(), []
    for done, (_, reply) in enumerate(replies_to(client, bodies, settings.parallel)):
        if isinstance(reply, ChatReply):
            spending.count(reply)
            said.append(read_phrases(reply.text, names[done // N_REPEATS]))
        else:
            refusals.append(reply)
            said.append({})
        progress(done + 1, len(bodies), "ask")
    if refusals and len(refusals) == len(bodies):
        raise ChatError(refusals[0])
    answered = replace(
        report,
        answered=True,
        n_unusable=sum(not one for one in said) - len(refusals),
        n_refused=len(refusals),
        first_refusal=refusals[0] if refusals else None,
        spent=spending.cost(settings.price_in, settings.price_out),
    )
    repeats = (said[start : start + N_REPEATS] for start in range(0, len(said), N_REPEATS))
    return answered, [distinct_phrases(*both) for both in zip(repeats, names, strict=True)]


def _embed(
    corpus: NamedCorpus, candidates: _Candidates, said: Sequence[dict[str, dict[str, int]]]
) -> tuple[Phrases, int]:
    """Return the phrases of groups with some about each candidate, and how many groups these are.

    Elsewhere those without any could not win, whatever the items are.
    """
    usable = [n for n, phrases in enumerate(said) if all(phrases.values())]
    rows = [
        (candidates.groups[n], word, count, f"{spoken_names(spec.name)[0]} with {phrase}")
        for n in usable
        for word, spec in zip(candidates.numbers[n], candidates.specs[n], strict=True)
        for phrase, count in said[n][spec.name].items()
    ]
    prompts = tuple(
        ClassSpec(n, text, prompts=tuple(fill_templates([text], corpus.templates)))
        for n, (*_, text) in enumerate(rows)
    )
    vectors = (
        class_features(corpus.tower, Schema(prompts), corpus.templates)
        if rows
        else np.empty((0, corpus.word_features.shape[1]), dtype=np.float32)
    )
    groups, words, counts = (
        np.array([row[column] for row in rows], dtype=np.int64) for column in range(3)
    )
    return Phrases(groups, words, counts.astype(np.float64), vectors), len(usable)
