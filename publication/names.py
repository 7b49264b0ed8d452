"""The name of a hospital system: it is part of addresses, and names a model of MLflow and folders on any machine."""

import unicodedata

LONGEST_NAME_BYTES = 200
"""File names have 255 bytes on most systems; ours add an ending, such as `.publishing.holder`."""
ALLOWED_SIGNS = " -_.&+()"
"""Not `/ : @ ? #`, which MLflow reads as parts of an address, nor `'`, nor Windows' `" < > | * \\`."""


def check_system_name(name: str) -> str:
    """Return the name. Raises ValueError, with the sign that is at fault, where it cannot name a system."""
    for sign in name:
        if not _is_letter_or_digit(sign) and sign not in ALLOWED_SIGNS:
            raise ValueError(
                f"it contains {_shown(sign)}, which MLflow or a file name cannot hold; "
                "use letters, digits, blanks and - _ . & + ( )"
            )
    if not name[:1].isalnum() or name.endswith("."):
        raise ValueError("a name begins with a letter or a digit, and does not end with a dot")
    if name != unicodedata.normalize("NFC", name):
        raise ValueError(
            f"it has letters in parts ({name!a}), which some file systems change; "
            f"write them composed ({unicodedata.normalize('NFC', name)!a}, Unicode's form NFC)"
        )
    n_bytes = len(name.encode("utf-8"))
    if n_bytes > LONGEST_NAME_BYTES:
        raise ValueError(f"it has {n_bytes} bytes, and a file name holds {LONGEST_NAME_BYTES} of it; shorten it")
    return name


def _is_letter_or_digit(sign: str) -> bool:
    """Of any alphabet; a mark is a part of the letter before it."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _shown(sign: str) -> str:
    return repr(sign) if sign.isprintable() else f"{sign!a} ({unicodedata.name(sign, 'a control sign')})"
