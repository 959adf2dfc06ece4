"""Every public function shows what it does: its docstring, or that of its class, ends in an example that runs."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

import hipcv
import hipcv_server
from hipcv.data_folder import DATA_VARIABLE

PACKAGES = tuple(Path(package.__path__[0]) for package in (hipcv, hipcv_server))
#: Functions without an example, by their dotted names (`*` stands for anything), and why.
EXEMPT: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Function:
    """A public function or method, and whether its docstring or its class's shows it at work."""

    name: str
    shown: bool


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return every module's name and syntax tree."""
    found = []
    for folder in PACKAGES:
        for file in sorted(folder.rglob("*.py")):
            parts = (folder.name, *file.relative_to(folder).with_suffix("").parts)
            name = ".".join(parts).removesuffix(".__init__")
            found.append((name, ast.parse(file.read_text(encoding="utf-8"))))
    return tuple(found)


def examples_in(node: ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef) -> str:
    """Return the code of a docstring's examples."""
    return "".join(e.source for e in doctest.DocTestParser().get_examples(ast.get_docstring(node) or ""))


def is_exempt_by_rule(node: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    """Whether no example is wanted of a function of this kind.

    A property is read like a value. Routes and commands are shown by API.md and `--help`, and run by their own tests.
    """
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(re.search(r"property$|^router\.|^(models_)?app\.", decorator) for decorator in decorators)


def holds_no_work(node: ast.ClassDef) -> bool:
    """Whether a class only says what others do (a protocol), or only what a message holds (a pydantic model)."""
    return any(re.search(r"^(Protocol|BaseModel|schemas\..*|_?Model|Message)\b", ast.unparse(b)) for b in node.bases)


def functions() -> Iterator[Function]:
    """Yield every public function and method of which an example is wanted."""
    for module, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if not node.name.startswith("_") and not is_exempt_by_rule(node):
                    yield Function(f"{module}.{node.name}", bool(examples_in(node)))
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not holds_no_work(node):
                story = examples_in(node)
                for inner in node.body:
                    if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) or inner.name.startswith("_"):
                        continue
                    if not is_exempt_by_rule(inner):
                        shown = bool(examples_in(inner)) or f".{inner.name}(" in story
                        yield Function(f"{module}.{node.name}.{inner.name}", shown)


def modules_with_examples() -> list[str]:
    return [name for name, tree in modules() if ">>>" in ast.unparse(tree)]


@pytest.mark.parametrize("module", modules_with_examples())
def test_every_example_gives_what_its_docstring_says(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0


def test_every_public_function_shows_an_example():
    silent = [f.name for f in functions() if not f.shown and not any(fnmatchcase(f.name, p) for p in EXEMPT)]
    assert not silent, f"end these docstrings in an example: {', '.join(silent)}"


@pytest.mark.parametrize("pattern", EXEMPT)
def test_what_needs_no_example_is_there_and_has_none(pattern):
    meant = [f for f in functions() if fnmatchcase(f.name, pattern)]
    assert meant, f"nothing is named {pattern} any more"
    assert not [f.name for f in meant if f.shown]
