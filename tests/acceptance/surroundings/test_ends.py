"""The ends of real processes that have no entry in the table of surroundings: no reader, no memory, developer mode."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import planted
from tests.acceptance.surroundings.places import Place, ingested
from tests.acceptance.surroundings.processes import Start

BROKEN = """
import os, sqlalchemy
def fail(*arguments, **named):
    raise OSError(5, f"Input/output error of {os.environ['HEADROOM_STORE_URL']}")
sqlalchemy.create_engine = fail
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return ingested(tmp_path_factory.mktemp("ingested"))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("training", ("ingest", "--system", "{system}", "--home", "{home}")),
        ("training", ("history", "--system", "{system}", "--home", "{home}")),
        ("service", ("--home", "{home}", "keys", "list")),
        ("service", ("--help",)),
    ],
    ids=["ingest", "history", "keys list", "help"],
)
def test_nobody_reads_what_is_printed(module: str, arguments: tuple[str, ...], unbuffered: str, place: Place) -> None:
    where = {"{system}": str(place.system_file), "{home}": str(place.home)}
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [sys.executable, "-m", module, *(where.get(word, word) for word in arguments)],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)
    assert ended.stderr == ""
    assert ended.returncode in (0, 1)
    assert ended.returncode == 0 or module == "service", "a job goes on"


@pytest.mark.parametrize("dev_mode", [False, True])
def test_an_error_of_a_foreseen_family_shows_its_traceback_in_developer_mode_alone(
    dev_mode: bool, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    url = f"postgresql://hr:{planted.HORSE}@127.0.0.1:1/hr"
    environ = {"HEADROOM_STORE_URL": url, **({"PYTHONDEVMODE": "1"} if dev_mode else {})}
    ended = Start(environ=environ, imported_first=(tmp_path,)).run("training", "migrate", "--home", tmp_path)
    assert ended.exit_code == 1
    assert ended.last_words.startswith("headroom migrate: OSError: [Errno 5] Input/output error of postgresql://")
    assert ended.last_words.endswith("PYTHONDEVMODE=1 it shows where in the code that was.")
    assert ("Traceback" in ended.err) == dev_mode
    assert planted.planted_in(ended.err) == []
