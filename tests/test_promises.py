"""docs/promises.md cannot rot: every test it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES = [line for line in (ROOT / "docs" / "promises.md").read_text().splitlines() if line.startswith("| ")]
PROMISES = [line for line in LINES if not line.startswith("| promise")]


def names_in(path: Path) -> set[str]:
    """Names of a file's tests: functions in Python, titles in JavaScript."""
    text = path.read_text()
    if path.suffix == ".mjs":
        return set(re.findall(r'^test\("([^"]+)"', text, re.MULTILINE))
    return {
        node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("line", PROMISES, ids=lambda line: line.split("|")[1].strip()[:60])
def test_each_promise_names_tests_that_are_there_or_says_not_yet(line):
    _, promise, shown, _ = line.split("|")
    if shown.strip() == "not yet":
        return
    references = re.findall(r"`([^`]+)`", shown)
    assert ", ".join(f"`{reference}`" for reference in references) == shown.strip(), f"{promise}: names of tests, or not yet"
    for reference in references:
        path, _, name = reference.partition("::")
        assert (ROOT / path).is_file(), f"{promise}: there is no {path}"
        assert name in names_in(ROOT / path), f"{promise}: {path} has no test {name!r}"


def test_no_promise_is_made_twice():
    said = [line.split("|")[1].strip() for line in PROMISES]
    assert len(said) == len(set(said)) > 50
