from __future__ import annotations

import shutil

import pytest

from annotate.errors import ConfigError, ExportError, NotAllowedError
from annotate.steps.people import set_person
from annotate.steps.project_exports import (
    count_chosen,
    export_into_project,
    folder_name,
    list_exports,
    read_card,
    read_export_table,
)
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from tests.app.review_projects import text_project


@pytest.fixture
def project(tmp_path):
    """Ann owns the project; two of its three items are labelled, one of them as one of a group."""
    workspace = text_project(tmp_path / "p", ["zero", "one", "two"])
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    append_decisions(
        workspace.store,
        [
            Decision("a", 0, "ann", "relabel", 1, class_no=0),
            Decision("g:1", 1, "ann", "derive", 1, class_no=1),
        ],
    )
    yield workspace
    workspace.close()


def test_what_is_counted_before_is_what_is_written(project):
    snapshot = read_snapshot(project)
    for only in (None, "human"):
        counts = count_chosen(snapshot, 0.0, only)
        report = export_into_project(project, "ann", str(only), "csv", only=only)
        assert report.by_source == counts
    assert count_chosen(snapshot, 0.0, "pseudo") == {}


def test_exports_are_listed_with_their_table_and_card(project):
    export_into_project(project, "ann", "first", "csv")
    [stored] = list_exports(project)
    assert (stored.name, stored.format, stored.n_labels) == ("first", "csv", 2)
    assert stored.by_source == {"derived": 1, "human": 1}
    assert read_export_table(project, "ann", stored).startswith(b"item_id,")
    assert "# p" in read_card(project, "first")


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..", "out\x00"])
def test_no_name_leads_out_of_the_project(project, name, tmp_path):
    if name == "..":
        with pytest.raises(ConfigError, match="letters or digits"):
            folder_name(name)
        return
    report = export_into_project(project, "ann", name, "csv")
    assert report.destination.startswith(str(tmp_path / "p" / "exports") + "/")
    assert "/" not in folder_name(name)


@pytest.mark.parametrize("name", ["../p", "..", "", "a/b"])
def test_only_an_export_of_the_project_is_read(project, name):
    with pytest.raises(ValueError, match="must be named"):
        read_card(project, name)


def test_an_earlier_export_is_replaced_only_when_asked_to(project):
    export_into_project(project, "ann", "first", "csv")
    with pytest.raises(ExportError, match="already holds"):
        export_into_project(project, "ann", "first", "jsonl")
    export_into_project(project, "ann", "first", "jsonl", overwrite=True)
    assert [stored.format for stored in list_exports(project)] == ["jsonl"]


def test_a_reviewer_may_not_export(project):
    with pytest.raises(NotAllowedError):
        export_into_project(project, "bob", "first", "csv")
    assert list_exports(project) == []


def test_a_reviewer_may_not_download_an_export(project):
    export_into_project(project, "ann", "first", "csv")
    [stored] = list_exports(project)
    with pytest.raises(NotAllowedError, match="download"):
        read_export_table(project, "bob", stored)


def test_a_folder_that_cannot_be_asked_for_by_name_is_not_listed(project):
    export_into_project(project, "ann", "first", "csv")
    root = project.paths.exports
    for name in ("first again", ".first"):
        shutil.copytree(root / "first", root / name)
    assert [stored.name for stored in list_exports(project)] == ["first"]


def test_what_is_no_export_or_is_damaged_is_left_out(project):
    folder = project.paths.exports
    (folder / "notes").mkdir(parents=True)
    (folder / "broken").mkdir()
    (folder / "broken" / "manifest.json").write_text("{", encoding="utf-8")
    assert list_exports(project) == []
