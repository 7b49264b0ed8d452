"""The notebooks run from empty, and their saved output was made by their saved cells."""

import base64
import json
from pathlib import Path
from typing import TypedDict

import pytest

from tests.architecture.repository import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURE_BYTES = 60_000
SECONDS = 600
NEEDED = ("nbformat", "nbclient", "ipykernel")


class Output(TypedDict):
    output_type: str
    data: dict[str, str]


class Cell(TypedDict):
    cell_type: str
    execution_count: int | None
    outputs: list[Output]


def code_cells(notebook: Path) -> list[Cell]:
    cells: list[Cell] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_was_executed_from_top_to_bottom(notebook: Path) -> None:
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_its_pictures_are_there_and_small(notebook: Path) -> None:
    outputs = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert max(len(base64.b64decode(picture)) for picture in pictures) < PICTURE_BYTES


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")  # of the kernel
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_from_empty(notebook: Path) -> None:
    nbformat, nbclient, _ = (
        pytest.importorskip(name, reason=f"{name} is absent: it runs notebooks") for name in NEEDED
    )
    book = nbformat.read(notebook, as_version=4)
    nbclient.NotebookClient(book, timeout=SECONDS, resources={"metadata": {"path": ROOT}}).execute()
    counts = [cell["execution_count"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(code_cells(notebook)) + 1)), "every cell ran, in order, none stopped the kernel"
