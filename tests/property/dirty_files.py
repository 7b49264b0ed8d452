"""A small extract, and random changes that spoil it."""

from hypothesis import strategies as st

GOOD = (
    "code,date,occupied,open,note\r\n"
    'A,2026-01-01,3,4.5,"quiet, cold"\r\n'
    "B,2026-01-01,,7,\r\n"
    "ALL,2026-01-01,9,9,total\r\n"
    'A,2026-01-02,12,"15",M\u00fcnster\r\n'
    "B,2026-01-02,1e1,0,\r\n"
    ",,,,\r\n"
    "A,2026-01-03,8,99,x\r\n"
).encode()
PIECES = [
    b",",
    b";",
    b"\t",
    b'"',
    b'""',
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\0",
    b"-",
    b"1",
    b"\xff",
    b"\xc3\xbc",
    b"'",
    b"A",
]

Change = tuple[str, int, bytes, int]
"""A kind of damage, the first byte, the bytes to write, and their number or length."""


def changes_of(content: bytes) -> st.SearchStrategy[list[Change]]:
    """Return up to six changes of a file."""
    kinds = st.sampled_from(["insert", "delete", "swap", "repeat"])
    change = st.tuples(kinds, st.integers(0, len(content)), st.sampled_from(PIECES), st.integers(1, 20))
    return st.lists(change, max_size=6)


def mutated(content: bytes, changes: list[Change]) -> bytes:
    """Return the file with the changes made one after the other."""
    for what, at, piece, length in changes:
        head, tail = content[:at], content[at:]
        match what:
            case "insert":
                content = head + piece + tail
            case "delete":
                content = head + tail[length:]
            case "swap":
                content = head + tail.replace(b",", piece, length)
            case "repeat":
                line = tail[: tail.find(b"\n") + 1]
                content = head + line + tail
    return content
