"""Ask a language model for the class of items: cost first, then answers, each kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.bridges.chat.client import ChatClient, ChatReply, MissingReplyError, request_key
from annotate.bridges.chat.cost import Cost, estimate_cost, price_of
from annotate.bridges.chat.labelling import Example, labelling_request, named_class
from annotate.errors import ChatError, ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Progress, no_progress
from annotate.quality.self_consistency import consistency_proba
from annotate.steps.ask_examples import nearest_examples
from annotate.steps.chat_endpoint import Spending, open_client, replies_to
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.loading import StoredTexts
from annotate.steps.one_shot import OneShot, choose_one_shot, trial_cost
from annotate.steps.predict import LANGUAGE_MODEL
from annotate.steps.predicting import write_prediction
from annotate.steps.recorded_replies import RecordedReplies
from annotate.steps.workspace import Workspace
from annotate.store.items import item_index

DEFAULT_EXAMPLES = 4
SEVERAL_TEMPERATURE = 0.7  # Wang et al. 2022 sample between 0.5 and 0.7
UNUSABLE, REFUSED = -1, -2


@dataclass(frozen=True)
class AskSettings:
    """What is asked, of whom, and how often.

    Attributes
    ----------
    model : str
        As the endpoint calls it.
    samples : int
        Answers to each item; their agreement is the confidence.
    n_examples : int
        Labelled items shown beside each, the nearest by features.
    trials : int
        Candidates tried for one more example, shown with every item; 0 for none.
    limit : int, optional
        At most so many items, drawn by a hash of their ids: a higher limit asks for more of them.
    price_in, price_out : float, optional
        For a million tokens sent and received.
    parallel : int
        Requests under way at once.
    """

    model: str
    samples: int = 1
    n_examples: int = DEFAULT_EXAMPLES
    trials: int = 0
    limit: int | None = None
    price_in: float | None = None
    price_out: float | None = None
    parallel: int = 4


@dataclass(frozen=True)
class AskReport:
    """What was asked, or would be.

    Attributes
    ----------
    estimate : Cost
        What had to be sent, by length, before anything was.
    sent : bool
        False where nothing was sent because nobody agreed to the cost.
    spent : Cost, optional
        By the endpoint's own count of tokens.
    n_unusable, n_refused : int
        Replies that name no class, and requests that the endpoint would not answer.
    """

    teacher: str
    n_items: int
    n_chosen: int
    estimate: Cost
    sent: bool
    prediction_id: str | None = None
    n_answered: int = 0
    n_unusable: int = 0
    n_refused: int = 0
    first_refusal: str | None = None
    spent: Cost | None = None
    one_shot: OneShot | None = None


def ask(
    workspace: Workspace,
    settings: AskSettings,
    *,
    url: str | None = None,
    replay: bool = False,
    confirmed: bool = False,
    allow_http: bool = False,
    progress: Progress = no_progress,
    tell: Callable[[str], None] = lambda line: None,
) -> AskReport:
    """Let a language model label texts; its answers become the prediction of a teacher.

    Every reply is kept in the project as it comes: what was asked once is never sent again, and a
    killed run goes on where it stopped.

    Parameters
    ----------
    url : str, optional
        What comes before ``/chat/completions``; default the variable ``ANNOTATE_CHAT_URL``. The key
        is in ``ANNOTATE_CHAT_KEY``; without one, none is sent.
    replay : bool
        Send nothing; fail if a reply is not on record.
    confirmed : bool
        The cost is agreed to; else nothing is sent and only the estimate comes back.

    Raises
    ------
    ConfigError
        If the project holds no texts, the task is multi-label, or a setting is impossible.
    NotReadyError
        If items, features for the nearest examples, or the endpoint are missing.
    ChatError
        If the endpoint cannot be used.
    """
    _check(workspace, settings)
    with workspace.running("ask"):
        given = read_given_labels(workspace)
        work = _Work(workspace, given, settings)
        client = open_client(workspace, url, replay=replay, allow_http=allow_http, tell=tell)
        with closing(client):
            work.one_shot = _chosen_before(work)
            unsent = (body for body in work.bodies() if not client.has(body))
            estimate = _estimate(unsent, work)
            report = AskReport(
                f"{LANGUAGE_MODEL}:{settings.model}", len(given.training), len(work.rows),
                estimate, sent=False,
            )  # fmt: skip
            if not (confirmed or replay or estimate.n_requests == 0):
                return report
            if settings.trials and work.one_shot is None:
                work.one_shot = choose_one_shot(
                    workspace, client, work.view, settings.model, settings.trials
                )
            return _run(work, client, report, progress)


class _Work:
    """The items to ask about, and the requests about each."""

    def __init__(self, workspace: Workspace, given: GivenLabels, settings: AskSettings) -> None:
        self.workspace = workspace
        self.settings = settings
        self.view = StoredCorpus(workspace, given.training)
        self.classes = workspace.schema.active
        self.names = [spec.name for spec in self.classes]
        self.rows = _drawn(workspace, np.flatnonzero(~given.dropped), settings.limit)
        self.one_shot: OneShot | None = None
        self._labels = given.training
        n_labelled = int((given.training != NO_LABEL).sum())
        self.n_examples = min(settings.n_examples, n_labelled)
        self._nearest = nearest_examples(self.view, self.rows, self.n_examples)
        shown = np.unique(self._nearest[self._nearest >= 0])
        texts = StoredTexts(workspace, [range(n, n + 1) for n in shown.tolist()])
        self._shown = dict(zip(shown.tolist(), texts, strict=True))

    def bodies(self) -> Iterator[dict[str, Any]]:
        """Yield every request about an item, item after item."""
        texts = StoredTexts(self.workspace, [range(n, n + 1) for n in self.rows.tolist()])
        temperature = SEVERAL_TEMPERATURE if self.settings.samples > 1 else 0.0
        for place, text in enumerate(texts):
            examples = self._examples(place)
            for sample in range(self.settings.samples):
                yield labelling_request(
                    text, self.classes, examples,
                    model=self.settings.model, temperature=temperature, sample=sample,
                )  # fmt: skip

    def _examples(self, place: int) -> list[Example]:
        chosen = [n for n in self._nearest[place].tolist() if n >= 0]
        if self.one_shot and self.one_shot.item_no not in (*chosen, int(self.rows[place])):
            first = [Example(self.one_shot.text, self.one_shot.label)]
        else:
            first = []
        names = self.workspace.schema.names
        return first + [Example(self._shown[n], names[self._labels[n]]) for n in chosen]


def _run(work: _Work, client: ChatClient, report: AskReport, progress: Progress) -> AskReport:
    settings, samples = work.settings, work.settings.samples
    answers = np.full(len(work.rows) * samples, UNUSABLE, dtype=np.int64)
    spending = Spending()
    refusal: str | None = None
    keys = hashlib.sha256()
    for done, (body, reply) in enumerate(replies_to(client, work.bodies(), settings.parallel)):
        if isinstance(reply, ChatReply):
            named = named_class(reply.text, work.names)
            answers[done] = UNUSABLE if named is None else named
            spending.count(reply)
        else:
            answers[done] = REFUSED
            refusal = refusal or reply
        keys.update(request_key(body).encode())
        keys.update(int(answers[done]).to_bytes(4, "big", signed=True))
        progress(done + 1, len(answers), "ask")
    if refusal is not None and (answers == REFUSED).all():
        raise ChatError(refusal)
    proba = consistency_proba(answers.reshape(-1, samples), len(work.names))
    prediction_id = _store(work, report.teacher, proba, keys.hexdigest())
    return replace(
        report,
        sent=spending.n_requests > 0,
        prediction_id=prediction_id,
        n_answered=int((~np.isnan(proba[:, 0])).sum()),
        n_unusable=int((answers == UNUSABLE).sum()),
        n_refused=int((answers == REFUSED).sum()),
        first_refusal=refusal,
        spent=spending.cost(settings.price_in, settings.price_out),
        one_shot=work.one_shot,
    )


def _store(work: _Work, teacher: str, proba: NDArray[np.float32], replies_sha256: str) -> str:
    n_items = work.view.n_items
    row_of_item = np.full(n_items, -1)
    row_of_item[work.rows] = np.arange(len(work.rows))
    active = work.workspace.schema.class_active

    def proba_of(start: int, stop: int) -> Floats:
        rows = row_of_item[start:stop]
        block = np.full((stop - start, len(active)), np.nan, dtype=np.float32)
        answered = proba[rows[rows >= 0]]
        wide = np.zeros((len(answered), len(active)), dtype=np.float32)
        wide[:, active] = answered
        wide[np.isnan(answered[:, 0])] = np.nan
        block[rows >= 0] = wide
        return block

    record = {
        "teacher": teacher,
        "weights_sha256": replies_sha256,  # of all requests, and what was made of their replies
        "encoder_id": work.view.find_encoder_id(),
        "schema_version": work.workspace.schema.version,
        "n_items": n_items,
        "settings": {
            "model": work.settings.model,
            "samples": work.settings.samples,
            "n_examples": work.n_examples,
            "one_shot": work.one_shot.item_id if work.one_shot else None,
            "n_asked": len(work.rows),
            "n_training_labels": int((work.view.labels != NO_LABEL).sum()),
            "learnt_from_labels": work.n_examples > 0 or work.one_shot is not None,
        },
        "round_no": None,
    }
    return write_prediction(work.workspace, record, proba_of)


def _check(workspace: Workspace, settings: AskSettings) -> None:
    if workspace.modality != "text":
        raise ConfigError(
            f"A language model is asked about texts; this project holds {workspace.modality} items."
            " Use another teacher."
        )
    if workspace.schema.task == "multi":
        raise ConfigError(
            "A language model is asked for one class per item; this project's task is 'multi'."
            " Import predictions of your own model: `annotate predictions import`."
        )
    counts = {"samples": settings.samples, "parallel": settings.parallel}
    for name, value in counts.items():
        if value < 1:
            raise ConfigError(f"The number of {name} must be 1 or more; got {value}.")
    if workspace.n_items() == 0:
        raise NotReadyError("There must be items to ask about; there are none. Run `annotate add`.")


def _drawn(workspace: Workspace, rows: Ints, limit: int | None) -> NDArray[np.int64]:
    if limit is None or limit >= len(rows):
        return np.asarray(rows, dtype=np.int64)
    with workspace.store.read() as connection:
        ids = item_index(connection)
    order = sorted(rows.tolist(), key=lambda n: hashlib.sha256(str(ids[n]).encode()).digest())
    return np.sort(np.array(order[:limit], dtype=np.int64))


def _chosen_before(work: _Work) -> OneShot | None:
    """Return the one-shot example if everything that its choice takes is on record."""
    settings = work.settings
    if not settings.trials:
        return None
    with closing(ChatClient(None, None, RecordedReplies(work.workspace.paths))) as replaying:
        try:
            return choose_one_shot(
                work.workspace, replaying, work.view, settings.model, settings.trials
            )
        except MissingReplyError:
            return None


def _estimate(unsent: Iterator[dict[str, Any]], work: _Work) -> Cost:
    settings = work.settings
    longest = max(len(name) for name in work.names)
    cost = estimate_cost(unsent, longest, price_in=settings.price_in, price_out=settings.price_out)
    if not settings.trials or work.one_shot is not None:
        return cost
    extra = trial_cost(work.workspace, work.view, settings.model, settings.trials)
    sent = cost.n_prompt_tokens + extra.n_prompt_tokens
    received = cost.n_reply_tokens + extra.n_reply_tokens
    return Cost(
        cost.n_requests + extra.n_requests, sent, received,
        price_of(sent, received, settings.price_in, settings.price_out),
    )  # fmt: skip
