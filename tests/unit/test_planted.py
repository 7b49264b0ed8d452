"""The tests' own guard: a test that shows a planted word fails, and shows it no further; so does a run of CI."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from tests.planted import HORSE, OPEN_SESAME, POSTGRESQL_PASSWORD, planted_in
from tests.servers import ROOT

HOOKS = "from tests.planted import pytest_make_collect_report, pytest_pycollect_makeitem, pytest_runtest_makereport"
WHERE = "shows planted words: line 1 of tests/planted.txt"
SUITE = """
    import base64, logging, sys, warnings
    from urllib.parse import quote
    import pytest
    from tests.planted import HORSE as WORD, POSTGRESQL_PASSWORD as LONG

    def test_printed():
        print(WORD)

    def test_printed_in_capitals():
        print(WORD.lower(), WORD.upper(), file=sys.stderr)

    def test_logged():
        logging.getLogger("x").warning("it is %s", WORD)

    def test_raised():
        raise ValueError(WORD)

    def test_raised_while_another_was_handled():
        try:
            raise ValueError(WORD)
        except ValueError:
            raise KeyError("harmless")

    def test_compared():
        assert WORD == "harmless"

    @pytest.fixture
    def long_value():
        return "-" * 104 + LONG + "-" * 300

    def test_cut_off_in_a_long_value(long_value):
        assert False

    def test_in_base64():
        print(base64.b64encode(f"user:{WORD}".encode()).decode())

    def test_percent_encoded():
        print("".join(f"%{ord(sign):02X}" for sign in WORD))

    def test_skipped():
        pytest.skip(WORD)

    @pytest.mark.xfail(reason=WORD, strict=False)
    def test_expected_to_fail():
        assert False

    @pytest.fixture
    def prepared():
        print(WORD)

    def test_while_it_is_prepared(prepared):
        pass

    @pytest.fixture
    def ended():
        yield
        print(WORD)

    def test_when_it_has_ended(ended):
        print("harmless")
"""
CLEAN = """
    import pytest

    @pytest.mark.parametrize("word", ["correct", "horse"])
    def test_clean(word):
        print(word)

    def test_that_skips():
        pytest.skip("for want of a battery")

    def test_that_fails():
        print("a harmless line")
        assert 1 == 2
"""
OF_IDS = """
    import pytest
    from tests.planted import HORSE

    @pytest.mark.parametrize("word", [HORSE])
    def test_of_ids(word):
        pass
"""
OF_A_CLASS = """
    import pytest
    from tests.planted import HORSE

    class TestIds:
        @pytest.mark.parametrize("word", [1], ids=[HORSE])
        def test_of_ids(self, word):
            pass
"""
OF_AN_IMPORT = """
    from tests.planted import HORSE
    raise ImportError(HORSE)
"""
PRINTED_AT_IMPORT = """
    from tests.planted import HORSE
    print(HORSE)

    def test_harmless():
        pass
"""
CUT_OFF = POSTGRESQL_PASSWORD[:13]  # as pytest shows the argument of a test that is too long for it
IN_A_FIXTURE = ("test_while_it_is_prepared", "test_when_it_has_ended")
PROCESSES = {"one process": (), "xdist": ("-p", "xdist", "-n", "1")}
AS_PLANTED = [line.split("(")[0].removeprefix("    def ") for line in SUITE.splitlines() if "def test_" in line]


def run(folder: Path, suite: str, *options: str, conftest: str = HOOKS) -> tuple[int, str]:
    """The exit code of pytest over a file of tests, and all that it says."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_it.py").write_text(dedent(suite))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-vv", "-rA", "--tb=long", "-p", "no:cacheprovider", *options]
    environ = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}
    ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module", params=PROCESSES.values(), ids=list(PROCESSES))
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the output of pytest for tests that each show a planted word."""
    exit_code, said = run(tmp_path_factory.mktemp("planted"), SUITE, *request.param)
    assert exit_code == 1
    return said


def test_no_planted_word_is_shown_again(said: str) -> None:
    assert planted_in(said) == []
    assert CUT_OFF not in said


def test_what_is_harmless_in_a_failure_can_still_be_read(said: str) -> None:
    assert "raise ValueError(WORD)" in said
    assert "ValueError: (planted word)" in said
    assert "it is (planted word)" in said
    assert "(withheld)" in said, "where the word is encoded or cut"


@pytest.mark.parametrize("name", AS_PLANTED)
def test_a_test_that_shows_a_planted_word_fails(said: str, name: str) -> None:
    how = "ERROR" if name in IN_A_FIXTURE else "FAILED"
    assert f"{how} test_it.py::{name}" in said


def test_each_failure_says_where_the_word_was_and_which_it_is(said: str) -> None:
    lines = Counter(line.removesuffix(f" {WHERE}") for line in said.splitlines() if line.endswith(WHERE))
    assert lines["the reason"] == 5  # two raise, one compares, one skips, one is expected to fail
    assert lines["Captured stdout call"] == 3
    assert lines["Captured stderr call"] == 1
    assert lines["Captured log call"] == 1
    assert lines["Captured stdout setup"] == 1
    assert lines["Captured stdout teardown"] == 1


def test_without_the_hooks_pytest_shows_everything(tmp_path: Path) -> None:
    """Else the tests above would pass for want of a leak."""
    _, said = run(tmp_path, SUITE, conftest="")
    assert planted_in(said) == [HORSE]
    assert f"{CUT_OFF}..." in said
    assert said.count(HORSE) > len(AS_PLANTED)


@pytest.mark.parametrize(
    "suite",
    [OF_IDS, OF_A_CLASS, OF_AN_IMPORT, PRINTED_AT_IMPORT],
    ids=["a value", "an id", "a failing import", "an import that prints"],
)
def test_a_module_whose_ids_or_import_show_a_planted_word_is_not_run(suite: str, tmp_path: Path) -> None:
    exit_code, said = run(tmp_path, suite)
    assert exit_code != 0
    assert WHERE in said
    assert planted_in(said) == []
    assert "passed" not in said


def test_what_shows_no_planted_word_is_reported_as_ever(tmp_path: Path) -> None:
    exit_code, said = run(tmp_path, CLEAN)
    assert exit_code == 1
    assert "2 passed, 1 skipped" in said.replace("1 failed, ", "")
    assert "for want of a battery" in said
    assert "a harmless line" in said
    assert "assert 1 == 2" in said


@pytest.mark.parametrize(
    ("printed", "exit_code", "says"),
    [
        ("4709 passed\n", 0, "no planted word"),
        ("", 0, "no planted word"),
        ("one\ntwo {word}\nthree\nx{lower}y {word}\n", 1, "on its lines 2 4"),
        ("\x00\xff {word}\n", 1, "on its lines 1"),
    ],
    ids=["a clean run", "nothing", "two lines", "bytes that are no text"],
)
def test_what_ci_prints_is_searched(printed: str, exit_code: int, says: str, tmp_path: Path) -> None:
    output = tmp_path / "printed"
    output.write_bytes(printed.format(word=OPEN_SESAME, lower=HORSE.lower()).encode("latin-1"))
    command = [ROOT / ".ci" / "refuse-secrets", output]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == exit_code
    assert ended.stdout.endswith(f"{says}\n")
    assert planted_in(ended.stdout + ended.stderr) == []


def test_a_file_that_is_not_there_is_no_clean_one(tmp_path: Path) -> None:
    command = [ROOT / ".ci" / "refuse-secrets", tmp_path / "absent"]
    assert subprocess.run(command, capture_output=True, check=False).returncode > 1
