from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import NotReadyError, SourceError, UnknownNameError
from annotate.steps.add import add
from annotate.steps.embed import embed
from annotate.steps.import_predictions import import_predictions
from annotate.steps.predict import predict
from annotate.steps.predicting import StoredProba
from annotate.steps.status import read_status
from annotate.steps.train import train


@pytest.fixture
def table(corpus):
    proba = np.random.default_rng(1).dirichlet(np.ones(3), size=120)
    frame = pd.DataFrame(proba, columns=["fruit", "tool", "animal"])
    return frame.assign(id=pd.read_csv(corpus)["id"])


def test_rows_are_aligned_by_id_whatever_their_order(workspace, table, tmp_path):
    path = tmp_path / "model.parquet"
    table.sample(frac=1, random_state=0).to_parquet(path)
    report = import_predictions(workspace, path)
    stored = StoredProba(workspace.store, report.prediction_id, workspace.schema).read(0, 120)
    np.testing.assert_allclose(stored, table[["fruit", "tool", "animal"]], atol=2e-3)
    assert (report.teacher, report.n_answered) == ("imported:model", 120)


def test_items_without_a_row_have_no_answer(workspace, table, tmp_path):
    path = tmp_path / "model.csv"
    table.iloc[:100].assign(note="x").to_csv(path, index=False)
    report = import_predictions(workspace, path, name="half")
    assert (report.n_answered, report.ignored_columns) == (100, ("note",))
    assert np.isnan(
        StoredProba(workspace.store, report.prediction_id, workspace.schema).read(100, 120)
    ).all()


def test_a_matrix_with_ids_gives_the_same_as_a_table(workspace, table, tmp_path):
    table.to_parquet(tmp_path / "a.parquet")
    np.save(tmp_path / "b.npy", table[["fruit", "tool", "animal"]].to_numpy())
    table[["id"]].to_csv(tmp_path / "ids.csv", index=False)
    one = import_predictions(workspace, tmp_path / "a.parquet")
    two = import_predictions(workspace, tmp_path / "b.npy", ids=tmp_path / "ids.csv")
    first, second = (
        StoredProba(workspace.store, r.prediction_id, workspace.schema).read(0, 120)
        for r in (one, two)
    )
    np.testing.assert_array_equal(first, second)


def test_it_is_a_teacher_like_the_others(workspace, table, tmp_path):
    table.to_parquet(tmp_path / "model.parquet")
    imported = import_predictions(workspace, tmp_path / "model.parquet")
    assert predict(workspace, "imported:model").prediction_id == imported.prediction_id
    report = train(workspace, n_rounds=1, teacher="imported:model", student="linear")
    assert [r["round_no"] for r in report.rounds] == [0, 1]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: t.assign(fruit=t["fruit"] + 0.1), "sum to 1"),
        (lambda t: t.assign(fruit=-t["fruit"]), "negative"),
        (lambda t: t.assign(fruit=np.inf), "finite"),
        (lambda t: t.drop(columns="tool"), "'tool'"),
        (lambda t: t.drop(columns="id"), "'id'"),
        (lambda t: t.assign(id="t000"), "stands twice"),
        (lambda t: t.assign(id="z" + t["id"]), "annotate items list"),
    ],
)
def test_bad_tables_are_refused_with_the_reason(workspace, table, tmp_path, spoil, says):
    path = tmp_path / "model.parquet"
    spoil(table).to_parquet(path)
    with pytest.raises(SourceError, match=says):
        import_predictions(workspace, path)


def test_a_matrix_needs_ids_and_one_column_a_class(workspace, tmp_path):
    np.save(tmp_path / "m.npy", np.full((2, 2), 0.5))
    with pytest.raises(SourceError, match="--ids"):
        import_predictions(workspace, tmp_path / "m.npy")
    (tmp_path / "ids.csv").write_text("id\nt000\nt001\n")
    with pytest.raises(SourceError, match=r"\(2, 3\)"):
        import_predictions(workspace, tmp_path / "m.npy", ids=tmp_path / "ids.csv")


def test_an_unknown_import_lists_what_was_imported(workspace):
    with pytest.raises(UnknownNameError, match="none yet"):
        predict(workspace, "imported:nothing")


def test_where_no_other_teacher_is_possible_the_imported_one_is_named(workspace, table, tmp_path):
    table.to_parquet(tmp_path / "own.parquet")
    import_predictions(workspace, tmp_path / "own.parquet")
    assert read_status(workspace).next_step == "annotate train DIR --teacher imported:own"
    with pytest.raises(
        NotReadyError, match=r"there are none\. Give --teacher imported:own, or run"
    ):
        train(workspace)
    with pytest.raises(UnknownNameError, match=r"No teacher named 'own'\..* imported:own,"):
        train(workspace, teacher="own")
    assert train(workspace, n_rounds=0, teacher="imported:own").head_round == 0


def test_one_that_lacks_later_items_is_not_named(workspace, table, tmp_path):
    table.to_parquet(tmp_path / "own.parquet")
    import_predictions(workspace, tmp_path / "own.parquet")
    (tmp_path / "more.csv").write_text("id,text\nx1,green apple\n")
    add(workspace, tmp_path / "more.csv", SourceOptions(modality="text"))
    embed(workspace, "hashing")
    assert "imported" not in read_status(workspace).next_step
    with pytest.raises(NotReadyError, match=r"there are none\. Run `annotate labels import`"):
        train(workspace)
