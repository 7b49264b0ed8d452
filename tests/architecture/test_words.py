"""One word for one thing: retired words stay retired, public types have one name each, and docs name what exists."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.repository import PACKAGES, ROOT, modules

RETIRED = (
    *("beside", "borrowed", "came", "crown", "edition", "judged", "kept", "keyring", "learnt", "reception"),
    *("set[ _]apart", "shelf", "spoiler", "surprises?", "teller", "told", "usual", "usually", "visitors?", "wholes"),
    r"whole(?![ _]numbers?\b)",
    "(?<!connection )refused",  # as the operating system says it
)
RETIRED_WORD = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(RETIRED)})(?![A-Za-z])", re.IGNORECASE)
TEXTS = ("*.py", "*.md", "*.html", "*.css", "*.js", "*.toml", "*.yml", "*.yaml", "*.ipynb", "*.json")
PLACES = (*PACKAGES, "tests", "docs", "benchmarks", "deploy", "notebooks")
OF_ROOT = ("README.md", "CONTRIBUTING.md", "Dockerfile", "Makefile", "mkdocs.yml", "pyproject.toml")
MODULE = re.compile(r"`([a-z_]+(?:/[a-z_]+)*\.py)`")


def texts() -> list[Path]:
    """Every text of ours; but decisions are history, and this file lists the words."""
    files = [ROOT / name for name in OF_ROOT]
    files += [path for place in PLACES for kind in TEXTS for path in (ROOT / place).rglob(kind)]
    return [path for path in files if "adr" not in path.parts and path != Path(__file__)]


@pytest.mark.parametrize("text", ["It was kept", "n_refused", "TOLD = 1", "set_apart(", "a whole", "whole numbered"])
def test_a_retired_word_is_found_in_texts_and_names(text: str) -> None:
    assert RETIRED_WORD.search(text)


@pytest.mark.parametrize("text", ["a whole number", "WHOLE_NUMBER", "Connection refused", "become", "wholesale"])
def test_terms_of_everyone_are_not_retired(text: str) -> None:
    assert not RETIRED_WORD.search(text)


def test_no_retired_word_is_used() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word.group()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in RETIRED_WORD.finditer(line)
    ]
    assert len(texts()) > 500
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_type_has_a_name_that_no_other_has(package: str) -> None:
    names = Counter(
        node.name
        for path in modules(package)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len(names) > 10
    assert [name for name, n in names.items() if n > 1] == []


def constants() -> Iterator[tuple[str, str]]:
    """Each public constant with the module that gives it its value; but migrations stay as they were once run."""
    for path in modules(*PACKAGES):
        if "migrations" in path.parts:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
                yield from (
                    (name, path.relative_to(ROOT).as_posix()) for name in names if re.match("[A-Z][A-Z_0-9]+$", name)
                )


def test_a_public_constant_has_one_value() -> None:
    places = defaultdict(set)
    for name, path in constants():
        places[name].add(path)
    assert len(places) > 300
    assert {name: sorted(paths) for name, paths in places.items() if len(paths) > 1} == {}


def test_a_module_that_the_documentation_names_exists() -> None:
    there = [
        path.relative_to(ROOT).as_posix() for package in (*PACKAGES, "benchmarks", "tests") for path in modules(package)
    ]
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in texts()
        if path.suffix == ".md"
        for name in MODULE.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 15
    assert sorted(pair for pair in named if not any(f"/{module}".endswith(f"/{pair[1]}") for module in there)) == []
