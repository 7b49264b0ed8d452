"""Publishing writes the tables that a BI team reads; where they cannot be written, the publication is issued."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from publication.days import ONE_DAY
from publication.store import Store, default_url
from tests.contract.exports.readers import ask_duckdb
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom

pytestmark = MLFLOW_WARNINGS

DAYS = 130
FOLDER = '\n[exports]\nfolder = "{folder}"\n'


@dataclass(frozen=True)
class Published:
    """A small system with a champion, and the text of its system file without exports."""

    system: Path
    home: Path
    text: str

    def run(self, command: str, folder: str, *options: object) -> Ended:
        """Run a command while the system file names the folder for exports."""
        self.system.write_text(self.text + FOLDER.format(folder=folder), encoding="utf-8")
        return headroom(command, "--system", self.system, "--home", self.home, *options)

    def issued(self) -> list[tuple[date, int]]:
        """Return cutoff and revision of each publication in the store, the newest first."""
        store = Store(default_url(self.home))
        found = [(summary.cutoff, summary.revision) for summary in store.summaries()]
        store.close()
        return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("exports")
    system = folder / "system" / "system.toml"
    headroom("simulate", "--out", system.parent, "--seed", 8, "--days", DAYS, "--trusts", 1, "--sites", 1)
    text = system.read_text(encoding="utf-8").replace("horizon_days = 28", "horizon_days = 7")
    found = Published(system, folder / "home", text)
    for command in ("ingest", "train --candidates SeasonalNaive", "promote --force --reason first"):
        verb, *options = command.split()
        ended = found.run(verb, "bi", *options)
        assert ended.exit_code == 0, ended.err
    return found


def test_daily_exports_what_it_publishes(published: Published) -> None:
    ended = published.run("daily", "bi")
    assert ended.exit_code == 0, ended.err
    assert "Exported northshire for cutoff" in ended.out
    files = f"{published.system.parent}/bi/current"
    rows = ask_duckdb(f"SELECT cutoff, revision FROM '{files}/publication.parquet'")
    assert rows == published.issued()[:1]
    assert ask_duckdb(f"SELECT count(DISTINCT ds) FROM '{files}/forecasts.parquet'") == [(7,)]


def test_a_failed_export_leaves_the_publication_issued(published: Published) -> None:
    before = published.issued()
    earlier = before[0][0] - ONE_DAY
    for command in ("publish", "daily"):
        ended = published.run(command, "/dev/null/bi", "--cutoff", earlier)
        assert ended.exit_code == 6
        assert f"Published northshire for cutoff {earlier}" in ended.out
        last = ended.err.splitlines()[-1]
        assert last.startswith("ExportError: Exporting northshire to the folder /dev/null/bi/current: ")
        assert last.endswith("is issued. Then run `headroom export`.")
    assert published.issued() == [*before, (earlier, 1)]
