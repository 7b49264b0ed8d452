"""A simulated hospital is driven through faults, watched by a real Prometheus and Alertmanager.

Extracts are sent with the fault, and jobs and commands run as people run them. Each fault fires exactly its alerts;
the commands of its section of the runbook end them, and `headroom doctor` finds nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.acceptance.alerting import Alerting, alerting
from tests.acceptance.deployed import (
    KEY,
    Change,
    Deployed,
    Row,
    damage_newest,
    days_ago,
    deployed,
    unchanged,
    yesterday,
)

pytestmark = [pytest.mark.drill, pytest.mark.filterwarnings("ignore")]  # of the libraries that train and track

FLOWS_AND_CENSUS = ("attendances", "admissions", "discharges", "occupancy")
BREAK_DAYS, DEAD_DAYS, FROZEN_DAYS = 35, 30, 5
SITE = "RXA01"


def nothing(_of: Deployed) -> None:
    """No fault but that of the extract."""


def break_level(row: Row) -> Row:
    """A third more of everything, for five weeks."""
    if days_ago(row) < BREAK_DAYS:
        row |= {measure: str(4 * int(row[measure]) // 3) for measure in FLOWS_AND_CENSUS}
    return row


def kill_feed(row: Row) -> Row | None:
    """One site sends nothing for a month."""
    return None if row["code"] == SITE and days_ago(row) < DEAD_DAYS else row


def freeze_feed(row: Row) -> Row:
    """One site sends one census for five days."""
    return row | {"occupancy": "700"} if row["code"] == SITE and days_ago(row) < FROZEN_DAYS else row


def promote_broken_model(of: Deployed) -> None:
    """Force a model past the gate that can forecast the census alone."""
    of.run("train", "--candidates", "FlowBalance")
    of.run("promote", "--force", "--reason", "it looked good")
    of.run("publish")


def fail_daily(of: Deployed) -> None:
    """Send an extract without a column that the system file names."""
    of.send(lambda row: {("census" if name == "occupancy" else name): cell for name, cell in row.items()})
    of.run("daily", ends=3)


@dataclass(frozen=True)
class Fault:
    """A fault of the extract of the morning, or one that happens later; its alerts, and the section that ends it.

    Before the section is followed, the extract is sent again without its fault, unless it is `true`.
    """

    expected: frozenset[str]
    heading: str
    sent: Change = unchanged
    happens: Callable[[Deployed], None] = field(default=nothing)
    true: bool = False


FAULTS = {
    "a level break": Fault(frozenset({"HeadroomInputsDrift"}), "Inputs drift", break_level, true=True),
    "a dead feed": Fault(frozenset({"HeadroomDataDoubted"}), "A series is late, silent or suspect", kill_feed),
    "a frozen feed": Fault(frozenset({"HeadroomDataDoubted"}), "A series is late, silent or suspect", freeze_feed),
    "a broken model": Fault(
        frozenset({"HeadroomManyFallbacks"}), "The champion is bad", happens=promote_broken_model
    ),
    "a failed job": Fault(frozenset({"HeadroomJobFailed"}), "A job failed", happens=fail_daily),
    "a corrupt store": Fault(
        frozenset({"HeadroomStoreCorrupt"}), "A publication is damaged", happens=lambda of: damage_newest(of.home)
    ),
    "a key that soon expires": Fault(
        frozenset({"HeadroomKeyExpires"}),
        "A key expires",
        happens=lambda of: of.keys("expire", KEY, "--date", f"{yesterday() + timedelta(days=4)}"),
    ),
    "an expired key": Fault(
        frozenset({"HeadroomServiceDown"}),
        "A key expires",
        happens=lambda of: of.keys("expire", KEY, "--date", f"{yesterday()}"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployed, Alerting]]:
    folder = tmp_path_factory.mktemp("hospital")
    for made, key in deployed(folder):
        with alerting(folder / "alerting", made.service_port, key) as watching:
            yield made, watching


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fires_its_alerts_and_the_runbook_ends_them(hospital: tuple[Deployed, Alerting], name: str) -> None:
    fault, (of, watching) = FAULTS[name], hospital
    of.reset()
    of.send(fault.sent)
    of.run("daily")
    of.serve()
    fault.happens(of)
    watching.check_fire(fault.expected)
    if not fault.true:
        of.send()
    printed = of.follow(fault.heading)
    of.check_healthy(printed)
    watching.check_clear(printed)
