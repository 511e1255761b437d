"""Each view as Streamlit runs it, on projects of every awkward kind."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from annotate.review.server_settings import PROJECT, REVIEWER
from annotate.steps.adjudicate import adjudicate
from annotate.steps.derive_labels import derive_labels
from annotate.steps.given_labels import read_given_labels
from annotate.steps.labels import DERIVED, read_current_labels
from annotate.steps.people import set_person
from annotate.steps.project_exports import export_into_project
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_as_given, predict_at_random, text_project

VIEWS = ("overview", "classes", "teachers", "conflicts", "rounds", "export", "map")
HOSTILE = "<img src=x onerror=alert(1)> **b** $x^2$ [l](javascript:1) :red[r] \u202etxt"


@pytest.fixture
def open_view(tmp_path, monkeypatch):
    def run(view, reviewer="ann"):
        monkeypatch.setenv(PROJECT, str(tmp_path / "p"))
        monkeypatch.setenv(REVIEWER, reviewer)
        script = f"from app.views.{view} import show\nshow()"
        return AppTest.from_string(script, default_timeout=60).run()

    return run


def empty(folder):
    return text_project(folder, [])


def no_predictions(folder):
    return text_project(folder, ["one", "two"])


def one_item(folder):
    workspace = text_project(folder, ["only"])
    predict_at_random(workspace)
    return workspace


def hostile(folder):
    """Two teachers, a conflict, and names that would act on a page that let them."""
    workspace = text_project(folder, [HOSTILE] * 6, [HOSTILE, "dog", "owl"])
    predict_at_random(workspace, 0, HOSTILE)
    predict_at_random(workspace, 1, "probe")
    append_decisions(
        workspace.store,
        [
            Decision("a1", 0, HOSTILE, "relabel", 1, class_no=0),
            Decision("b1", 0, "bob", "relabel", 1, class_no=1),
            Decision("b2", 1, "bob", "relabel", 1, class_no=1, role="held_back"),
        ],
    )
    return workspace


@pytest.mark.parametrize("project", [empty, no_predictions, one_item, hostile])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_every_project_opens(tmp_path, open_view, view, project):
    project(tmp_path / "p").close()
    page = open_view(view)
    assert not page.exception
    assert not page.error
    assert page.header[0].value.lower() == view


def rendered_as_markdown(page):
    kinds = ("markdown", "caption", "header", "subheader", "info", "success", "warning", "error")
    bodies = [element.value for kind in kinds for element in getattr(page, kind)]
    widgets = (
        "button", "selectbox", "multiselect", "text_input", "text_area", "number_input", "checkbox",
        "radio", "slider",
    )  # fmt: skip
    labels = [widget.label for kind in widgets for widget in getattr(page, kind)]
    labels += [option for radio in page.radio for option in radio.options]
    return bodies + labels + [metric.label for metric in page.metric]


@pytest.mark.parametrize("view", VIEWS)
def test_no_name_is_rendered_as_markdown(tmp_path, open_view, view):
    hostile(tmp_path / "p").close()
    page = open_view(view)
    parts = {"classes": ["Gallery", "Confusions", "Change classes"]}.get(view, [None])
    for part in parts:
        if part:
            page.segmented_control(key="classes_part").set_value(part).run()
        assert not page.exception
        assert not [text for text in rendered_as_markdown(page) if "onerror" in text]


def test_the_overview_tells_that_nothing_is_known_without_measuring_answers(tmp_path, open_view):
    one_item(tmp_path / "p").close()
    page = open_view("overview")
    assert any("Not known" in text.value for text in page.text)


def test_the_audit_tells_how_right_the_model_is_and_what_is_left_out(tmp_path, open_view):
    workspace = text_project(tmp_path / "p", ["one", "two", "three", "four"])
    predict_as_given(workspace, np.tile([0.8, 0.1, 0.1], (4, 1)))
    with workspace.store.write() as connection:
        ask_first(connection, range(4), "audit")
    kinds = [("accept", 0, True), ("relabel", 1, True), ("reject", 1, True), ("accept", 0, False)]
    append_decisions(
        workspace.store,
        [
            Decision(
                f"b{number}", number, "bob", kind, 1, class_no=class_no, purpose="audit",
                role="held_back", shown={"blind": blind},
            )
            for number, (kind, class_no, blind) in enumerate(kinds)
        ],
    )  # fmt: skip
    workspace.close()
    page = open_view("audit", reviewer="bob")
    assert [metric.value for metric in page.metric] == ["4", "4", "50.0%"]
    unsettled, led, interval = (caption.value for caption in page.caption)
    assert unsettled.startswith("1 item left out until settled")
    assert led.startswith("1 item of an audit or spot check left out")
    assert interval.startswith("95 %: ")


def test_a_page_shows_what_has_been_decided_since_it_was_opened(tmp_path, open_view):
    workspace = no_predictions(tmp_path / "p")
    page = open_view("overview")
    assert page.metric[0].value == "0"
    append_decisions(workspace.store, [Decision("e", 0, "bob", "relabel", 1, class_no=0)])
    assert page.run().metric[0].value == "1"
    workspace.close()


def test_what_has_not_changed_is_not_made_again(tmp_path, open_view, monkeypatch):
    import app.views.overview as view

    one_item(tmp_path / "p").close()
    made = []
    real = view.read_overview

    def counting(workspace, snapshot):
        made.append(snapshot.marks)
        return real(workspace, snapshot)

    monkeypatch.setattr(view, "read_overview", counting)
    page = open_view("overview")
    page.run()
    assert len(made) == 1


def buttons(page, label):
    return [button for button in page.button if button.label == label]


def press(page, label):
    [button] = buttons(page, label)
    button.click().run()
    assert not page.exception


def change_classes(open_view, change, fill):
    """Fill in a change of classes, tick the box and press the button; return the page."""
    page = open_view("classes")
    page.segmented_control(key="classes_part").set_value("Change classes").run()
    page.segmented_control(key="change").set_value(change).run()
    fill(page)
    page.run()
    key = change.lower()
    assert page.button(key=key).disabled
    page.checkbox(key=f"{key}_sure_0").check().run()
    page.button(key=key).click().run()
    assert not page.exception
    return page


def classes_in_force(folder):
    workspace = open_workspace(folder)
    workspace.close()
    return [spec.name for spec in workspace.schema.active]


def test_an_owner_renames_a_class(tmp_path, open_view):
    no_predictions(tmp_path / "p").close()
    change_classes(
        open_view, "Rename", lambda page: page.text_input(key="new_name").set_value("tom cat")
    )
    assert classes_in_force(tmp_path / "p") == ["tom cat", "dog", "owl"]


def test_an_owner_merges_classes(tmp_path, open_view):
    no_predictions(tmp_path / "p").close()

    def fill(page):
        page.multiselect(key="merge_classes").set_value([0, 1])
        page.text_input(key="merge_into").set_value("pet")

    change_classes(open_view, "Merge", fill)
    assert classes_in_force(tmp_path / "p") == ["owl", "pet"]


def test_an_owner_splits_a_class(tmp_path, open_view):
    no_predictions(tmp_path / "p").close()
    change_classes(
        open_view, "Split", lambda page: page.text_area(key="split_into").set_value("tom\nkitten")
    )
    assert classes_in_force(tmp_path / "p") == ["dog", "owl", "tom", "kitten"]


def test_an_owner_retires_a_class(tmp_path, open_view):
    no_predictions(tmp_path / "p").close()
    change_classes(open_view, "Retire", lambda page: None)
    assert classes_in_force(tmp_path / "p") == ["dog", "owl"]


def test_a_change_that_cannot_be_made_says_why_and_changes_nothing(tmp_path, open_view):
    no_predictions(tmp_path / "p").close()
    page = change_classes(
        open_view, "Rename", lambda page: page.text_input(key="new_name").set_value("DOG")
    )
    assert any("collide" in text.value for text in page.text)
    assert classes_in_force(tmp_path / "p") == ["cat", "dog", "owl"]


@pytest.mark.parametrize(("view", "button"), [("export", "export"), ("conflicts", "rule")])
def test_a_reviewer_is_not_offered_what_only_owners_may(tmp_path, open_view, view, button):
    workspace = hostile(tmp_path / "p")
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    workspace.close()
    assert button not in {b.key for b in open_view(view, "bob").button}
    assert button in {b.key for b in open_view(view, "ann").button}


def test_only_an_owner_is_offered_the_download_of_an_export(tmp_path, open_view):
    workspace = hostile(tmp_path / "p")
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    export_into_project(workspace, "ann", "labels", "csv")
    workspace.close()
    for reviewer, n_buttons in (("ann", 1), ("bob", 0)):
        page = open_view("export", reviewer)
        assert not page.exception
        assert len(page.get("download_button")) == n_buttons
        assert "# p" in page.code[-1].value  # the card


def test_a_ruling_settles_a_conflict_and_can_be_taken_back(tmp_path, open_view):
    workspace = hostile(tmp_path / "p")
    page = open_view("conflicts")
    page.selectbox(key="ruling_0").set_value(2).run()
    page.button(key="rule").click().run()
    human = read_given_labels(workspace).human
    assert (human.conflict[0], human.labels[0]) == (False, 2)
    assert page.success[0].value.startswith("Saved: one ruling. ")
    reloaded = open_view("conflicts")
    press(reloaded, "Take it back")
    assert read_given_labels(workspace).human.conflict[0]
    assert reloaded.success[0].value == "Saved: one ruling taken back."
    assert not buttons(reloaded, "Take it back")
    workspace.close()


def test_a_reviewer_sees_rulings_and_cannot_take_one_back(tmp_path, open_view):
    workspace = hostile(tmp_path / "p")
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    adjudicate(workspace, "ann", 0, 2, "r1")
    workspace.close()
    page = open_view("conflicts", "bob")
    assert page.dataframe(key="rulings").value["by"].tolist() == ["ann"]
    assert not buttons(page, "Take it back")


def test_an_export_lands_in_the_project_and_can_be_downloaded(tmp_path, open_view):
    hostile(tmp_path / "p").close()
    page = open_view("export")
    page.text_input(key="export_name").set_value("../../out").run()
    page.button(key="export").click().run()
    assert not page.exception
    assert (tmp_path / "p" / "exports" / "out" / "manifest.json").is_file()
    assert not (tmp_path / "out").exists()


def test_accepting_a_teacher_for_a_group_is_one_act_and_one_undo(tmp_path, open_view, monkeypatch):
    import app.views.teachers as view

    workspace = text_project(tmp_path / "p", ["one", "two", "three"])
    predict_as_given(workspace, np.array([[0.9, 0.1, 0]] * 3), "first")
    predict_as_given(workspace, np.array([[0.1, 0.9, 0]] * 3), "second")
    # AppTest cannot select a line of a table.
    monkeypatch.setattr(view, "_choose_group", lambda snapshot, groups, *_: groups[0])
    page = open_view("teachers")
    page.button(key="accept_group").click().run()
    labels = read_current_labels(workspace)
    assert labels.labels.tolist() == [1, 1, 1]  # the newest teacher comes first
    assert (labels.sources == DERIVED).all()
    assert page.success[0].value == "Saved: 3 derived labels."
    reloaded = open_view("teachers")
    assert reloaded.dataframe(key="derived_groups").value["labels"].tolist() == [3]
    press(reloaded, "Undo all of it")
    assert reloaded.success[0].value == "Saved: 3 derived labels taken back."
    assert not buttons(reloaded, "Undo all of it")
    assert (read_current_labels(workspace).labels == -1).all()
    workspace.close()


@pytest.mark.parametrize(("reviewer", "may"), [("ann", True), ("bob", True), ("cyd", False)])
def test_who_labelled_a_group_or_an_owner_takes_it_back(tmp_path, open_view, reviewer, may):
    workspace = text_project(tmp_path / "p", ["one", "two"])  # spread before anything is predicted
    set_person(workspace, "ann", "owner")
    for name in ("bob", "cyd"):
        set_person(workspace, name, "reviewer")
    derive_labels(workspace, "bob", np.array([0]), np.array([1]), {"why": HOSTILE}, "act1")
    workspace.close()
    page = open_view("teachers", reviewer)
    assert not page.exception
    [button] = buttons(page, "Undo all of it")
    assert button.disabled is not may
    assert not [text for text in rendered_as_markdown(page) if "onerror" in text]
