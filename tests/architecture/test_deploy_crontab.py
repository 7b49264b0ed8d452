"""The crontab: each line is run by sh as cron would, with a program in the place of ours, and writes what it should."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.commands import check_job
from tests.architecture.repository import ROOT

TEXT = (ROOT / "deploy" / "crontab").read_text(encoding="utf-8")
VARIABLES = dict(re.findall(r"^([A-Z_]+)=(.*)$", TEXT, re.MULTILINE))
DAY_SECONDS = 24 * 60 * 60
TUESDAY, WEDNESDAY = "2", "3"


@dataclass(frozen=True)
class Line:
    """A line of a crontab of /etc/cron.d."""

    schedule: str
    user: str
    command: str
    """The command that cron gives to the shell: `\\%` is a percent sign."""


def lines() -> dict[str, Line]:
    """Return the line of each job, by the command of `headroom` that it runs."""
    found = {}
    for text in TEXT.splitlines():
        if text and not text.startswith("#") and not re.match("[A-Z_]+=", text):
            *fields, user, command = text.split(maxsplit=6)
            assert not re.search(r"(?<!\\)%", command), "cron ends a command at a bare %"
            job = re.findall(r"\bheadroom ([a-z]+)", command)[0]
            found[job] = Line(" ".join(fields), user, command.replace("\\%", "%"))
    return found


def run(job: str, folder: Path, *, weekday: str = TUESDAY, exit_code: int = 0) -> int:
    """Run the line of a job as cron would, with all its folders below `folder`. Return its exit code.

    `headroom` is a script that prints its arguments on both streams. `date` names the weekday.
    """
    moved = {name: str(folder / path.strip("/")) for name, path in VARIABLES.items() if name not in ("SHELL", "PATH")}
    programs = folder / "opt" / "headroom" / "bin"
    for path in (programs, folder / "var" / "log" / "headroom", folder / "backup"):
        path.mkdir(parents=True, exist_ok=True)
    scripts = {
        "headroom": f'echo "$@ of $HEADROOM_HOME"; echo "line of the log" >&2; exit {exit_code}',
        "date": f'[ "$1" = +%u ] && echo {weekday} || echo "the date"',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    environ = {**moved, "PATH": VARIABLES["PATH"].replace("/opt", f"{folder}/opt"), "HOME": str(folder)}
    command = lines()[job].command.replace(" /backup", f" {folder}/backup")
    ran = subprocess.run([VARIABLES["SHELL"], "-c", command], env=environ, capture_output=True, check=False, timeout=60)
    assert (ran.stdout, ran.stderr) == (b"", b""), "what is printed would be sent by mail"
    return ran.returncode


def log_of(job: str, folder: Path) -> list[str]:
    log = folder / "var" / "log" / "headroom" / f"{job}.log"
    return log.read_text().splitlines() if log.exists() else []


def test_three_jobs_have_a_line_and_one_user() -> None:
    assert {job: line.schedule for job, line in lines().items()} == {
        "daily": "*/30 5-9 * * *",
        "train": "0 14 1-7 * *",
        "backup": "15 2 * * *",
    }
    assert {line.user for line in lines().values()} == {"headroom"}


def test_cron_finds_the_programs() -> None:
    """The folder of the docs' install stands first, then those of Debian's `sh`, `date` and `find`."""
    installed = re.findall(r"^python3 -m venv (\S+)$", (ROOT / "docs/how-to/deploy.md").read_text(), re.MULTILINE)
    assert VARIABLES["PATH"].split(":")[0] == f"{installed[0]}/bin"
    assert {"/usr/bin", "/bin"} < set(VARIABLES["PATH"].split(":"))
    assert [name for name, text in VARIABLES.items() if "$" in text] == []


def test_cron_reads_the_last_line() -> None:
    assert TEXT.endswith("\n")


@pytest.mark.parametrize("job", ["daily", "train", "backup"])
def test_a_line_runs_a_command_that_exists_and_logs_all_of_it(job: str, tmp_path: Path) -> None:
    for _morning in range(2):
        assert run(job, tmp_path) == 0
    date, arguments, logged, *again = log_of(job, tmp_path)
    assert (date, logged) == ("the date", "line of the log")
    assert again == [date, arguments, logged]  # the log goes on
    words, home = arguments.split(" of ")
    assert home == str(tmp_path / "var/lib/headroom")
    assert f"--system {tmp_path}/etc/headroom/system.toml" in words
    check_job(shlex.split(words))


def test_a_training_waits_for_tuesday(tmp_path: Path) -> None:
    assert run("train", tmp_path, weekday=WEDNESDAY) == 0
    assert log_of("train", tmp_path) == []


@pytest.mark.parametrize("job", ["daily", "train", "backup"])
def test_a_line_ends_with_the_exit_code_of_its_job(job: str, tmp_path: Path) -> None:
    assert run(job, tmp_path, exit_code=6) == 6


@pytest.mark.parametrize(("exit_code", "left"), [(0, ["northshire-2026-11-29T0215Z"]), (6, None)])
def test_old_backups_are_deleted_after_a_new_one_alone(exit_code: int, left: list[str] | None, tmp_path: Path) -> None:
    folders = ["northshire-2026-10-01T0215Z", "northshire-2026-11-29T0215Z"]
    for name, days in zip(folders, (60, 1), strict=True):
        (tmp_path / "backup" / name).mkdir(parents=True)
        long_ago = (tmp_path / "backup").stat().st_mtime - days * DAY_SECONDS
        os.utime(tmp_path / "backup" / name, (long_ago, long_ago))
    run("backup", tmp_path, exit_code=exit_code)
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == (left or folders)


def test_logrotate_accepts_the_rule_for_the_logs(tmp_path: Path) -> None:
    program = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("logrotate is absent")
    text = (ROOT / "deploy" / "logrotate").read_text(encoding="utf-8")
    rule = tmp_path / "logrotate"  # without the user, which this machine need not have
    rule.write_text(text.replace("/var/log/headroom", str(tmp_path)).replace("    su headroom headroom\n", ""))
    rule.chmod(0o644)
    command = [program, "--debug", "--state", str(tmp_path / "state"), str(rule)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "error" not in ran.stderr


def test_the_rule_for_the_logs_is_of_the_folder_of_the_logs() -> None:
    assert f"\n{VARIABLES['LOGS']}/*.log {{" in (ROOT / "deploy" / "logrotate").read_text(encoding="utf-8")
