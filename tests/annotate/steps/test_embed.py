from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.encoders import ENCODERS
from annotate.errors import ConfigError, NotReadyError
from annotate.steps import embed as embed_module
from annotate.steps.add import add
from annotate.steps.corpus_view import current_features
from annotate.steps.embed import embed
from annotate.store.arrays import create_array

TEXTS = SourceOptions(modality="text")


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(
        embed_module, "create_array", lambda *args, **kw: create_array(*args, **kw, part_rows=50)
    )


def test_features_are_the_encoders_own(workspace, corpus):
    texts = pd.read_csv(corpus)["text"].tolist()
    stored = current_features(workspace, 120).read(0, 120)
    np.testing.assert_allclose(stored, ENCODERS.make("hashing").encode(texts), atol=1e-3)


def test_a_second_run_encodes_nothing(workspace):
    assert embed(workspace, "hashing").n_embedded == 0


def test_growth_encodes_only_the_parts_that_new_items_are_in(empty, corpus, tmp_path, small_parts):
    add(empty, corpus, TEXTS)
    assert embed(empty, "hashing").n_embedded == 120
    more = tmp_path / "more.csv"
    more.write_text("id,text\nx1,green apple\nx2,old saw\n")
    add(empty, more, TEXTS)
    report = embed(empty, "hashing")
    assert (report.n_items, report.n_embedded) == (122, 22)  # the third part held 20 rows
    assert current_features(empty, 122).shape[0] == 122


def test_a_damaged_part_is_made_again_and_the_others_are_kept(empty, corpus, small_parts):
    add(empty, corpus, TEXTS)
    embed(empty, "hashing")
    array = current_features(empty, 120)
    whole = array.sha256()
    path = array.folder / "part-00001.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert embed(empty, "hashing").n_embedded == 50
    assert current_features(empty, 120).sha256() == whole


def test_an_empty_project_is_told_to_add(empty):
    with pytest.raises(NotReadyError, match="annotate add"):
        embed(empty, "hashing")


def test_an_encoder_for_images_is_refused_for_texts(workspace):
    with pytest.raises(ConfigError, match="takes images"):
        embed(workspace, "pixels")
