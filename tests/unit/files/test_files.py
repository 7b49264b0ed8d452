"""Files replaced atomically, and locks."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from training.files import UNFINISHED, acquire_lock, write_atomically

SHORT = timedelta(milliseconds=50)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(file: Path, error: BaseException) -> None:
    with write_atomically(file) as unfinished:
        unfinished.write_text("half of it")
        raise error


def fill_half(folder: Path, error: BaseException) -> None:
    with write_atomically(folder) as unfinished:
        unfinished.mkdir()
        raise error


def test_what_is_written_takes_the_place_of_the_file_once_the_block_is_done(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "numbers.csv"
    for text in ("1", "2"):
        with write_atomically(file) as unfinished:
            before = file.read_text() if file.exists() else None
            unfinished.write_text(text)
            assert (file.read_text() if file.exists() else None) == before
        assert file.read_text() == text
    assert names_in(file.parent) == ["numbers.csv"]


@pytest.mark.parametrize("error", [OSError("No space left"), ValueError("no number"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_the_file_as_it_was_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("1")
    with pytest.raises(type(error)):
        write_half(file, error)
    assert file.read_text() == "1"
    assert names_in(tmp_path) == ["numbers.csv"]


def test_a_folder_takes_the_place_of_the_last_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for name in ("old", "new"):
        with write_atomically(folder) as unfinished:
            unfinished.mkdir()
            (unfinished / name).write_text(name)
    assert names_in(folder) == ["new"]
    with pytest.raises(ZeroDivisionError):
        fill_half(folder, ZeroDivisionError())
    assert names_in(tmp_path) == ["state"]
    assert names_in(folder) == ["new"]


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_a_killed_process_of_the_same_number_left_is_in_nobodys_way(tmp_path: Path, is_folder: bool) -> None:
    left = tmp_path / f"state.{os.getpid()}{UNFINISHED}"
    if is_folder:
        (left / "half").mkdir(parents=True)
    else:
        left.write_text("half")
    with write_atomically(tmp_path / "state") as unfinished:
        unfinished.mkdir()
    assert names_in(tmp_path) == ["state"]
    assert names_in(tmp_path / "state") == []


def test_a_lock_that_another_process_holds_is_waited_for_and_said_once(tmp_path: Path) -> None:
    file, said = tmp_path / "locks" / "training.lock", list[str]()
    acquire_lock(file, SHORT, lambda: said.append("free")).release()
    hold = f"lock = __import__('filelock').FileLock({str(file)!r}); lock.acquire(); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError):
            acquire_lock(file, SHORT, lambda: said.append("held"))
        assert said == ["held"]
        holder.stdin.close()
        acquire_lock(file, timedelta(seconds=60)).release()
