from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import ConfigError, NotReadyError
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.items import drop
from annotate.steps.topics import find_item_topics
from annotate.steps.workspace import create_workspace


@pytest.fixture
def texts(empty, tmp_path):
    """120 texts, each of four words of one of 15 families of five."""
    rng = np.random.default_rng(0)
    families = np.array([[f"word{f}x{n}" for n in range(5)] for f in range(15)])
    rows = [" ".join(rng.choice(families[n % 15], 4)) for n in range(120)]
    table = pd.DataFrame({"id": [f"t{n:03d}" for n in range(120)], "text": rows})
    table.to_csv(tmp_path / "texts.csv", index=False)
    add(empty, tmp_path / "texts.csv", SourceOptions(modality="text"))
    return empty


def test_every_item_that_was_not_dropped_is_in_the_table(texts, tmp_path):
    drop(texts, ["t003"])
    report = find_item_topics(texts, 3, out=tmp_path / "topics.csv")
    table = pd.read_csv(tmp_path / "topics.csv", keep_default_na=False)
    assert len(table) == report.n_items == 119 and "t003" not in set(table["id"])
    assert sum(group.n_items for group in report.groups) + report.n_without == 119
    assert sum(group.n_sure for group in report.groups) == table["sure"].sum()
    group = report.groups[0]
    members = table[table["topic"] == group.topic]
    assert len(members) == group.n_items >= report.groups[1].n_items
    assert set(members["words"]) == {" ".join(group.words)}


def test_an_existing_file_is_left_alone(workspace, tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        find_item_topics(workspace, 3, out=tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_what_cannot_have_topics_is_refused(workspace, tmp_path):
    with pytest.raises(ConfigError, match="2 or more"):
        find_item_topics(workspace, 1)
    images = create_workspace(tmp_path / "i", (ClassSpec(0, "a"), ClassSpec(0, "b")))
    with pytest.raises(ConfigError, match="'image'"):
        find_item_topics(images, 3)
    images.close()


def test_texts_that_share_no_word_have_no_topics(tmp_path):
    texts = create_workspace(
        tmp_path / "t", (ClassSpec(0, "a"), ClassSpec(0, "b")), modality="text"
    )
    pd.DataFrame({"id": ["1", "2"], "text": ["plum", "saw"]}).to_csv(tmp_path / "t.csv")
    add(texts, tmp_path / "t.csv", SourceOptions(modality="text"))
    with pytest.raises(NotReadyError, match="none in 2 texts"):
        find_item_topics(texts, 2)
    texts.close()
