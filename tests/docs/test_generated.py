"""Generated parts of reference pages are up to date. HEADROOM_UPDATE_GOLDEN=1 writes them anew."""

import os

import pytest

from tests.architecture.repository import ROOT
from tests.docs.generated import PAGES, with_generated_parts


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_part_says_what_the_code_says(name: str) -> None:
    file = ROOT / "docs" / name
    made = with_generated_parts(file.read_text(encoding="utf-8"))
    if os.environ.get("HEADROOM_UPDATE_GOLDEN") == "1":
        file.write_text(made, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == made, "run HEADROOM_UPDATE_GOLDEN=1 make test PYTEST_ARGS=tests/docs"
