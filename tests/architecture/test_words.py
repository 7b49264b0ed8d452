"""One word for one thing: retired words stay retired, public types have one name each, and docs name what exists."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.repository import PACKAGES, ROOT, documents, modules

RETIRED = (
    *("borrowed", "crown", "edition", "keyring", "reception", "set apart", "shelf"),
    *("spoiler", "surprise", "teller", "visitor", "visitors"),
)
RETIRED_IN_DOCS = (
    *(
        "beside",
        "came",
        "judged",
        "kept",
        "learnt",
        "refused",
        "surprises",
        "told",
        "usual",
        "usually",
        "whole",
        "wholes",
    ),
)
RETIRED_WORD = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(RETIRED)})(?![A-Za-z])", re.IGNORECASE)
TEXTS = ("*.py", "*.md", "*.html", "*.toml", "*.yml", "*.ipynb")
PLACES = (*PACKAGES, "tests", "docs", "benchmarks", "deploy", "notebooks")
MODULE = re.compile(r"`([a-z_]+(?:/[a-z_]+)*\.py)`")


def texts() -> list[Path]:
    """Every text of ours; but decisions are history, and this file lists the words."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    files += [path for place in PLACES for kind in TEXTS for path in (ROOT / place).rglob(kind)]
    return [path for path in files if "adr" not in path.parts and path != Path(__file__)]


def test_no_retired_word_is_used() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word.group()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in RETIRED_WORD.finditer(line)
    ]
    assert len(texts()) > 500
    assert found == []


def test_no_page_uses_a_word_that_is_retired_in_docs() -> None:
    word = re.compile(rf"(?<![A-Za-z-])(?:{'|'.join(RETIRED_IN_DOCS)})(?![A-Za-z])", re.IGNORECASE)
    pages = [*documents(), ROOT / "CONTRIBUTING.md"]
    texts = {page.name: re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8")) for page in pages}
    found = [(name, hit.group()) for name, text in texts.items() for hit in word.finditer(text)]
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
