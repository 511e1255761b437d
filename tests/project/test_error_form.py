"""Every message that a user can meet is made of whole sentences on one line."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest

from annotate import errors
from tests.project.source_files import PACKAGES, module_name, python_files

ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.AnnotateError)
}
# These take a message as it is; the others write their own from arguments.
PLAIN = {name for name, kind in ERRORS.items() if kind.__init__ is Exception.__init__}
WRITTEN_HERE = [
    errors.MissingExtraError("Texts", "sentence-transformers", "text"),
    errors.UnknownNameError("teacher", "prob", ["probe", "zero_shot"]),
]


def messages(source: str) -> Iterator[str]:
    """Yield the messages raised in a source, with {} where a value goes."""
    for node in ast.walk(ast.parse(source)):
        call = node.exc if isinstance(node, ast.Raise) else None
        if not isinstance(call, ast.Call) or not call.args:
            continue
        if ast.unparse(call.func).rpartition(".")[2] in PLAIN:
            yield from filter(None, [template(call.args[0])])


def template(node: ast.expr) -> str | None:
    """Return the text of a string literal; None for what is not one."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        return "".join(map(str, parts))
    return None


def is_well_formed(message: str) -> bool:
    """Judge a message; one that ends with a value may get its full stop from that value."""
    starts = not message[:1].isspace()
    has_words = message.endswith("{}") or len(message.split()) > 3
    return starts and has_words and message.endswith((".", "{}")) and "\n" not in message


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=module_name)
def test_messages_in_a_module_are_sentences(path):
    raised = messages(path.read_text(encoding="utf-8"))
    assert [message for message in raised if not is_well_formed(message)] == []


@pytest.mark.parametrize("error", WRITTEN_HERE, ids=lambda e: type(e).__name__)
def test_errors_that_write_their_own_message_write_sentences(error):
    assert is_well_formed(str(error))


def test_every_error_has_a_way_out_for_scripts():
    exit_codes = {name: kind.exit_code for name, kind in ERRORS.items()}
    assert all(code in (2, 3, 75) for code in exit_codes.values()), exit_codes


@pytest.mark.parametrize("text", ["bad value", "invalid.", "k is\n off by one.", " k must be 1."])
def test_a_poor_message_is_caught(text):
    assert not is_well_formed(*messages(f"raise StoreError({text!r})"))
