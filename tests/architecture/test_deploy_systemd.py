"""Units of systemd: systemd accepts them, their hours are the promised ones, and they run commands that exist."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from publication.exit_codes import USAGE
from service.commands.serve import EXIT_SECONDS, MAX_CONNECTIONS, SHUTDOWN_SECONDS
from service.http.connection import RESERVED_FILES
from tests.architecture.commands import check_job, check_service, failures
from tests.architecture.repository import ROOT
from training.errors import BusyError, OutOfReachError

FOLDER = ROOT / "deploy" / "systemd"
INSTALLED = "/opt/headroom/bin/"
MOST_EXPOSED = 2.0
"""On systemd's scale from 0, locked in, to 10. A unit without any hardening has 9.6."""
MINUTE = 60.0
UNITS = {"s": 1.0, "": 1.0, "min": MINUTE, "h": 60 * MINUTE}
JOBS = ("daily", "train", "backup")


def values(unit: str, key: str) -> list[str]:
    """Return the values of a key in a unit, in order."""
    text = (FOLDER / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def value(unit: str, key: str) -> str:
    """Return the only value of a key."""
    (found,) = values(unit, key)
    return found


def seconds(span: str) -> float:
    """Return a time span of systemd in seconds."""
    found = re.fullmatch(r"(\d+)(s|min|h|)", span)
    assert found is not None, span
    return float(found[1]) * UNITS[found[2]]


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, in UTC. Skips the test where it is absent."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze (systemd) is absent")
    command = [program, *map(str, arguments)]
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=60)


def installed_units(folder: Path) -> list[Path]:
    """Copy the units to a folder, with programs of ours that exist there."""
    for program in ("headroom", "headroom-service"):
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    for unit in sorted(FOLDER.iterdir()):
        (folder / unit.name).write_text(unit.read_text(encoding="utf-8").replace(INSTALLED, f"{folder}/"))
    return [folder / unit.name for unit in sorted(FOLDER.iterdir())]


def test_the_units_are_those_that_the_docs_promise() -> None:
    timed = [f"headroom-{job}.{kind}" for job in JOBS for kind in ("service", "timer")]
    assert sorted(unit.name for unit in FOLDER.iterdir()) == sorted(["headroom.service", *timed])


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    ran = analyze("verify", "--man=no", *installed_units(tmp_path))
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_systemd_rejects_a_unit_with_a_mistake(tmp_path: Path) -> None:
    """The check above finds something: an option that does not go with the type of the unit."""
    units = installed_units(tmp_path)
    daily = tmp_path / "headroom-daily.service"
    daily.write_text(daily.read_text().replace("Type=oneshot\n", "Type=oneshot\nRestart=always\n"))
    assert "Refusing" in analyze("verify", "--man=no", *units).stderr


@pytest.mark.parametrize("unit", ["headroom.service", *(f"headroom-{job}.service" for job in JOBS)])
def test_a_unit_is_locked_in(unit: str, tmp_path: Path) -> None:
    installed_units(tmp_path)
    ran = analyze("security", "--offline=true", f"--threshold={10 * MOST_EXPOSED:.0f}", tmp_path / unit)
    assert ran.returncode == 0, ran.stdout


TURNS = {
    "daily": ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30", "08:00", "08:30", "09:00", "09:30"],
    "train": ["2026-12-01 14:00", "2027-01-05 14:00", "2027-02-02 14:00", "2027-09-07 14:00"],
    "backup": ["2026-11-22 02:15", "2026-11-23 02:15"],
}
"""From a calendar on the wall. From Saturday 21 November 2026 at noon on, `daily` has its turns of one day."""


def test_the_daily_job_has_its_turns_of_a_morning() -> None:
    assert turns("daily", 11) == [*(f"2026-11-22 {hour}" for hour in TURNS["daily"]), "2026-11-23 05:00"]


def test_a_training_is_on_the_first_tuesday_of_the_month() -> None:
    elapses = turns("train", 10)
    assert [elapses[0], elapses[1], elapses[2], elapses[9]] == TURNS["train"]


def test_a_backup_is_made_each_night() -> None:
    assert turns("backup", 2) == TURNS["backup"]


def turns(job: str, number: int) -> list[str]:
    """Return when the timer of a job elapses, from Saturday 21 November 2026 at noon on."""
    calendar = value(f"headroom-{job}.timer", "OnCalendar")
    ran = analyze("calendar", "--base-time=2026-11-21 12:00 UTC", f"--iterations={number}", calendar)
    assert ran.returncode == 0, ran.stderr
    return re.findall(r"(?:elapse|#\d+): \w{3} (\S+ \d\d:\d\d):00 UTC", ran.stdout)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_runs_a_command_that_exists(job: str) -> None:
    program, *words = shlex.split(value(f"headroom-{job}.service", "ExecStart"))
    assert (program, words[0]) == (f"{INSTALLED}headroom", job)
    check_job(words)


def test_the_service_listens_on_this_machine_alone() -> None:
    program, *words = shlex.split(value("headroom.service", "ExecStart"))
    assert program == f"{INSTALLED}headroom-service"
    assert words[:2] == ["--host", "127.0.0.1"]
    check_service(words)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_hangs_is_ended(job: str) -> None:
    assert value(f"headroom-{job}.service", "Type") == "oneshot"  # of which systemd waits for ever by default
    assert MINUTE < seconds(value(f"headroom-{job}.service", "TimeoutStartSec")) < 24 * 60 * MINUTE


@pytest.mark.parametrize("job", JOBS)
def test_no_failure_is_taken_for_a_success(job: str) -> None:
    assert values(f"headroom-{job}.service", "SuccessExitStatus") == []


@pytest.mark.parametrize("job", ["train", "backup"])
def test_a_job_tries_again_where_something_is_out_of_reach_alone(job: str) -> None:
    prevented = set(value(f"headroom-{job}.service", "RestartPreventExitStatus").split())
    assert OutOfReachError.exit_code == BusyError.exit_code
    assert prevented == {str(code) for code in failures() - {OutOfReachError.exit_code}} | {"SIGTERM", "SIGKILL"}


def test_the_service_is_restarted_but_not_with_a_wrong_setting() -> None:
    assert value("headroom.service", "Restart") == "always"
    assert value("headroom.service", "RestartPreventExitStatus") == str(USAGE)


def test_the_service_may_open_all_its_connections_and_end_all_its_requests() -> None:
    assert int(value("headroom.service", "LimitNOFILE")) >= MAX_CONNECTIONS + RESERVED_FILES
    assert seconds(value("headroom.service", "TimeoutStopSec")) > SHUTDOWN_SECONDS + EXIT_SECONDS


@pytest.mark.parametrize("unit", sorted(FOLDER.glob("*.service")), ids=lambda unit: unit.name)
def test_no_secret_stands_in_a_unit(unit: Path) -> None:
    assert values(unit.name, "Environment") == ["HEADROOM_HOME=/var/lib/headroom"]
    assert value(unit.name, "EnvironmentFile").startswith("-/etc/headroom/")  # "-": without it, all stays in the home
