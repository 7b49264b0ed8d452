"""Every dependency has its reason in the docs, and no other package has one."""

import re
import tomllib

from packaging.requirements import Requirement

from tests.architecture.repository import ROOT

PAGE = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = {
    "Of everything": PROJECT["project"]["dependencies"],
    "Of the service": EXTRAS["service"],
    "Of training": EXTRAS["training"],
    "On request": EXTRAS["mssql"],
    "Of development": PROJECT["dependency-groups"]["dev"],
}


def test_every_dependency_has_a_reason() -> None:
    needed = {heading: sorted(Requirement(line).name for line in lines) for heading, lines in GROUPS.items()}
    sections = dict(re.findall(r"^## (.+)\n\n((?:.+\n)+)", PAGE, re.MULTILINE))
    named = {heading: sorted(re.findall(r"^\| `(\S+)` \| \S", sections[heading], re.MULTILINE)) for heading in GROUPS}
    assert named == needed
    assert len(EXTRAS) == 3


def test_what_is_blocked_is_named_in_the_version_that_is_locked() -> None:
    lock = (ROOT / "requirements" / "training.txt").read_text(encoding="utf-8")
    blocked = re.findall(r"^\| `(\S+)` \| (\d\S+) \| \d", PAGE, re.MULTILINE)
    assert {"pandas"} <= {name for name, _ in blocked}
    assert [pair for pair in blocked if f"{pair[0]}=={pair[1]} " not in lock] == []
