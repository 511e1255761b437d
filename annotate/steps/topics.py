"""Topics: groups of texts that use the same words, as a table to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Progress, no_progress
from annotate.review.topics import Topics, count_words, find_topics, most_confident_half
from annotate.selection.settings import read_count
from annotate.steps.loading import StoredTexts
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.items import dropped_mask, item_index

DEFAULT_TOPICS = 20


@dataclass(frozen=True)
class TopicGroup:
    """One topic, with the words that say most about it.

    ``n_sure`` of its items are in the half of the corpus that is surest of its topic.
    """

    topic: int
    n_items: int
    n_sure: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class TopicsReport:
    """Topics, the largest first; ``n_without`` items have none of the words that count."""

    n_items: int
    n_without: int
    groups: tuple[TopicGroup, ...]


def find_item_topics(
    workspace: Workspace,
    n_topics: int = DEFAULT_TOPICS,
    *,
    out: Path | None = None,
    progress: Progress = no_progress,
) -> TopicsReport:
    """Find topics among the texts that were not dropped.

    Parameters
    ----------
    n_topics : int
        2 or more.
    out : Path, optional
        A CSV file to write: id, topic, confidence, sure (in the surest half), words.

    Raises
    ------
    ConfigError
        If the project holds no texts, n_topics is below 2, or ``out`` exists.
    NotReadyError
        If too few texts share any word.
    """
    if workspace.modality != "text":
        raise ConfigError(
            f"Topics are found in texts; this project's modality is {workspace.modality!r}."
            " `annotate review` has a map of features instead."
        )
    if read_count(n_topics, "The number of topics") < 2:
        raise ConfigError(f"The number of topics must be 2 or more; got {n_topics}.")
    if out is not None and out.exists():
        raise ConfigError(f"The table of topics needs a new file; {out} exists. Name another.")
    with workspace.store.read() as connection:
        ids = item_index(connection)
        kept = np.flatnonzero(~dropped_mask(connection, len(ids)))
    texts = StoredTexts(workspace, [range(n, n + 1) for n in kept.tolist()])
    progress(0, len(kept), "topics")
    try:
        bags = count_words(texts)
    except ValueError:
        raise NotReadyError(
            "Topics need words that several texts share, and no more than a tenth of them; there"
            f" are none in {len(kept):,} texts. Run `annotate add`."
        ) from None
    found = find_topics(bags.counts, n_topics, workspace.config.defaults.seed)
    progress(len(kept), len(kept), "topics")
    sure = np.zeros(len(kept), dtype=bool)
    sure[most_confident_half(found.confidence)] = True
    words = [tuple(found.top_words(topic, bags.words)) for topic in range(n_topics)]
    if out is not None:
        write_bytes(out, _table(ids[kept], found, sure, words).to_csv(index=False).encode())
    sizes = np.bincount(found.topics[found.topics >= 0], minlength=n_topics)
    n_sure = np.bincount(found.topics[sure], minlength=n_topics)
    groups = [TopicGroup(t, int(sizes[t]), int(n_sure[t]), words[t]) for t in range(n_topics)]
    groups.sort(key=lambda group: -group.n_items)
    return TopicsReport(len(kept), int((found.topics < 0).sum()), tuple(groups))


def _table(
    ids: pd.Index, found: Topics, sure: np.ndarray[tuple[int], np.dtype[np.bool_]],
    words: list[tuple[str, ...]],
) -> pd.DataFrame:  # fmt: skip
    return pd.DataFrame(
        {
            "id": ids,
            "topic": found.topics,
            "confidence": found.confidence.round(4),
            "sure": sure,
            "words": [" ".join(words[topic]) if topic >= 0 else "" for topic in found.topics],
        }
    )
