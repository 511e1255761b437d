"""Calls that run code from data, or mix data into HTML, shell or SQL, appear nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.project.source_files import PACKAGES, module_name, python_files

MODULES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
CALLS = {"eval", "exec", "os.system", "torch.load", "torch.jit.load", "yaml.load"}
METHODS = {"extractall", "read_pickle", "to_pickle"}
TRUE_KEYWORDS = {"allow_pickle", "shell", "trust_remote_code", "unsafe_allow_html"}
# Not every method called ``text``: a page's element shows one.
SQL_CALLS = {"text", "sa.text", "sqlalchemy.text"}
SQL_METHODS = {"execute", "exec_driver_sql", "executescript"}


def is_composed(node: ast.expr) -> bool:
    """Say whether a string is put together at run time."""
    formatted = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".format")
    return isinstance(node, ast.JoinedStr | ast.BinOp) or formatted


def banned(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (name for name in names if name.split(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            if name in CALLS or last in METHODS:
                yield name
            for keyword in node.keywords:
                off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
                if keyword.arg in TRUE_KEYWORDS and not off:
                    yield f"{name}({keyword.arg})"
            is_sql = name in SQL_CALLS or last in SQL_METHODS
            if is_sql and node.args and is_composed(node.args[0]):
                yield f"{name}(composed SQL)"


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=module_name)
def test_a_module_makes_no_banned_call(path):
    assert list(banned(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from joblib import load",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
        "model(trust_remote_code=flag)",
        "st.markdown(name, unsafe_allow_html=True)",
        "archive.extractall(folder)",
        "subprocess.run(line, shell=True)",
        'connection.execute(text(f"select {x}"))',
        'connection.exec_driver_sql("select " + x)',
        'connection.execute("select {}".format(x))',
    ],
)
def test_a_banned_call_is_caught(source):
    assert list(banned(source))


def test_safe_forms_pass():
    safe = 'np.load(path, allow_pickle=False)\nconnection.execute(select(items))\ntext("select 1")'
    assert list(banned(safe)) == []
