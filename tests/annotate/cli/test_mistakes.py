"""A user's mistake is one line that says what and what next, and exit code 2."""

from __future__ import annotations

import pytest

MISTAKES = {
    "too few classes": ("init {tmp}/n --classes a", "got 1. Give at least two"),
    "an empty class": ("init {tmp}/n --classes a,,b", "class 2 is ''"),
    "classes alike": ("init {tmp}/n --classes a,A", "'a' = 'A'"),
    "no classes": ("init {tmp}/n", "--classes-file"),
    "no classes file": ("init {tmp}/n --classes-file {tmp}/none", "No such file"),
    "unknown modality": ("init {tmp}/n --classes a,b --modality video", "got 'video'"),
    "an unknown task": ("init {tmp}/n --classes a,b --task many", "got 'many'"),
    "a folder in use": ("init {p} --classes a,b", "Give another folder"),
    "no project": ("status {tmp}/none", "annotate init"),
    "no source": ("add {p} {tmp}/none.csv", "none.csv"),
    "no such column": ("add {p} {corpus} --text-column body", "'id', 'text', 'label'"),
    "unknown encoder": ("embed {p} --encoder hashin", "Did you mean 'hashing'"),
    "an encoder for pictures": ("embed {p} --encoder pixels", "takes images"),
    "unknown teacher": ("predict {p} --teacher prob", "Did you mean 'probe'"),
    "unknown selector": ("select {p} --selector quoota:3", "Did you mean 'quota'"),
    "a quota that is no number": ("select {p} --selector quota:x", "got 'x'"),
    "a round beyond the last": ("select {p} --round 5 --rounds 3", "got 5 of 3"),
    "unknown student": ("train {p} --student linaer", "Did you mean 'linear'"),
    "a student's setting": ("train {p} --student linear:foo", "number above 0; got foo"),
    "a student's sign": ("train {p} --student smoothed_linear:-1", "got -1. Mend what follows"),
    "a probe's setting": ("predict {p} --teacher probe:x", "The teacher probe cannot take 'x'"),
    "too few neighbours": ("predict {p} --teacher neighbours:-1", "of neighbours must be"),
    "negative rounds": ("train {p} --rounds -1", "--rounds"),
    "unknown round": ("rounds revert {p} 9", "Known: 0, 1"),
    "unknown item": ("why {p} t33", "Did you mean 't3'"),
    "unknown item to drop": ("items drop {p} zz", "annotate items list"),
    "no truth": ("evaluate {p} --truth {tmp}/none.csv", "Check the path"),
    "no answers": ("simulate {p} --truth {truth} --budget 0", "--budget"),
    "unknown queue": ("simulate {p} --truth {truth} --budget 1 --queue margn", "'margin'"),
    "a queue like no class": ("review {p} --port 8717 --queue like:saw", "No class named 'saw'"),
    "a queue with an argument": ("review {p} --port 8717 --queue margin:x", "Give margin alone"),
    "one cue twice": ("select {p} --selector two_cues:probe+probe", "two different teachers"),
    "no place for a project": ("init {corpus}/n --classes a,b", "Give another folder"),
    "unknown format": ("export {p} {tmp}/o --format parket", "Did you mean 'parquet'"),
    "a format with an argument": ("export {p} {tmp}/o --format csv:x", "Give csv alone"),
    "confidence above 1": ("export {p} {tmp}/o --min-confidence 2", "--min-confidence"),
    "an option of another format": ("export {p} {tmp}/o --excel-safe", "--format csv"),
    "nothing left to export": (
        "export {p} {tmp}/o --only pseudo --min-confidence 1",
        "with min confidence 1.0, only pseudo",
    ),
    "no export": ("verify {tmp}", "manifest.json"),
    "unknown class": ("schema retire {p} ship", "got 'ship'"),
    "a split into one": ("schema split {p} tool --into saw", "two others or more"),
    "a merge of all there is": ("schema merge {p} fruit tool --into thing", "would leave 1"),
    "unknown recipe": ("run dmeo {tmp}/r", "Did you mean 'demo'"),
    "unknown setting": ("run self_train_texts {tmp}/r --set round=3", "Did you mean 'rounds'"),
    "a setting without value": ("run self_train_texts {tmp}/r --set rounds", "KEY=VALUE"),
    "a recipe without its folder": ("run self_train_texts", "annotate run self_train_texts DIR"),
    "a setting that is missing": ("run self_train_texts {tmp}/r", "--set source="),
    "unknown option": ("status {p} --jsn", "annotate status --help"),
    "unknown command": ("statsu {p}", "annotate --help"),
    "a missing argument": ("export {p}", "annotate export --help"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_one_line(run, finished, corpus, truth, tmp_path, name):
    words, says = MISTAKES[name]
    places = {"p": finished, "corpus": corpus, "truth": truth, "tmp": tmp_path}
    result = run(*(word.format(**places) for word in words.split()))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("annotate: ") and result.err.count("\n") == 1
    assert result.err.endswith(".\n")
    assert says in result.err


def test_a_mistake_leaves_nothing_behind(run, tmp_path):
    run("init", tmp_path / "new", "--classes", "a,A")
    assert list(tmp_path.iterdir()) == []
