from __future__ import annotations

import pytest

from annotate.errors import ConfigError, ProjectBusyError, SchemaError
from annotate.schema import ClassSpec
from annotate.steps.workspace import create_workspace, open_workspace
from annotate.store.schema_versions import latest_schema

OWLS = (ClassSpec(0, "owl", ("a photo of an owl",), "hoots"), ClassSpec(0, "wren"))


def test_what_was_created_is_what_is_opened(tmp_path):
    made = create_workspace(tmp_path / "deep" / "birds", OWLS, modality="text")
    made.close()
    found = open_workspace(tmp_path / "deep" / "birds")
    assert (found.schema, found.config, found.modality) == (made.schema, made.config, "text")
    assert found.schema.classes[0].prompts == ("a photo of an owl",)
    assert found.n_items() == 0
    found.close()


def test_a_new_project_is_for_its_owner_only(tmp_path):
    create_workspace(tmp_path / "p", OWLS).close()
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "p", *(tmp_path / "p").iterdir())]
    assert set(modes) == {0}


@pytest.mark.parametrize("is_file", [True, False], ids=["a file", "a folder in use"])
def test_a_place_in_use_is_refused_and_left_alone(tmp_path, is_file):
    place = tmp_path / "p"
    if not is_file:
        place.mkdir()
    kept = place if is_file else place / "thesis.txt"
    kept.write_text("mine")
    with pytest.raises(ConfigError, match="empty folder"):
        create_workspace(place, OWLS)
    assert kept.read_text() == "mine"
    assert sum(1 for _ in tmp_path.rglob("*") if _.is_file()) == 1


def test_classes_that_cannot_stand_side_by_side_leave_no_folder(tmp_path):
    with pytest.raises(SchemaError):
        create_workspace(tmp_path / "p", (ClassSpec(0, "owl"), ClassSpec(0, "Owl")))
    assert not (tmp_path / "p").exists()


def test_a_class_added_to_the_file_makes_a_new_version_once(tmp_path):
    create_workspace(tmp_path / "p", OWLS).close()
    with open(tmp_path / "p" / "annotate.toml", "a", encoding="utf-8") as file:
        file.write('\n[[classes]]\nname = "kite"\n')
    for _ in range(2):
        workspace = open_workspace(tmp_path / "p")
        with workspace.store.read() as connection:
            stored = latest_schema(connection)
        assert (stored.version, stored.names) == (2, ("owl", "wren", "kite"))
        assert workspace.schema == stored
        workspace.close()


def test_a_folder_without_a_project_is_told_to_init(tmp_path):
    with pytest.raises(ConfigError, match="annotate init"):
        open_workspace(tmp_path)


def test_one_long_step_at_a_time_and_the_next_may_begin_when_it_ends(empty):
    with (
        empty.running("embed"),
        pytest.raises(ProjectBusyError, match="annotate embed"),
        empty.running("train"),
    ):
        pytest.fail("two steps ran at once")
    with empty.running("train"):
        pass
