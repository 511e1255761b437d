"""With --json a command prints one JSON object and nothing else on standard output."""

from __future__ import annotations

import json

import pytest

COMMANDS = {
    "init": "init {tmp}/new --classes a,b",
    "add": "add {p} {corpus}",
    "embed": "embed {p} --encoder hashing",
    "predict": "predict {p} --teacher neighbours",
    "predictions list": "predictions list {p}",
    "predictions export": "predictions export {p} {tmp}/told.csv --teacher probe",
    "select": "select {p} --selector quota:2",
    "train": "train {p} --rounds 1 --student linear",
    "rounds list": "rounds list {p}",
    "rounds diff": "rounds diff {p} 0 1",
    "rounds revert": "rounds revert {p} 0",
    "status": "status {p}",
    "evaluate": "evaluate {p} --truth {truth}",
    "simulate": "simulate {p} --truth {truth} --budget 1",
    "labels import": "labels import {p} {truth} --role human",
    "labels conflicts": "labels conflicts {p}",
    "labels agreement": "labels agreement {p}",
    "items list": "items list {p}",
    "items drop": "items drop {p} t3",
    "items quarantine": "items quarantine {p}",
    "why": "why {p} t3",
    "export": "export {p} {tmp}/out --format csv",
    "schema rename": "schema rename {p} tool device",
    "schema split": "schema split {p} tool --into saw,drill",
    "doctor": "doctor {p}",
}
KEYS = {
    "init": {"folder", "n_classes", "modality"},
    "evaluate": {
        "n_items", "n_truth", "n_labelled", "coverage", "accuracy", "accuracy_all", "per_class",
        "by_source", "ece",
    },
    "status": {"n_items", "labels_by_source", "next_step"},
    "rounds list": {"head_round", "rounds"},
    "export": {"n_labels", "by_source"},
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_one_object_and_nothing_else(run, project, corpus, truth, tmp_path, name):
    places = {"p": project, "corpus": corpus, "truth": truth, "tmp": tmp_path}
    arguments = [word.format(**places) for word in COMMANDS[name].split()]
    result = run(*arguments, "--json")
    assert result.code == 0, result.err
    assert result.out.count("\n") == 1 and result.out.isascii()
    assert json.loads(result.out).keys() >= KEYS.get(name, set())


def test_the_figures_of_json_are_those_of_the_project(run, project):
    status = json.loads(run("status", project, "--json").out)
    assert (status["n_items"], status["quarantine"], status["head_round"]) == (24, {"id": 1}, 1)
