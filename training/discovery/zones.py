"""The time zone of a system: declared, settled by offsets in the data, or that of this machine."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from publication.days import zone
from publication.errors import TimeZoneError
from training.errors import HistoryError

LOCAL_TIME = Path("/etc/localtime")
ZONE_FOLDER = "zoneinfo"
DEFAULT = "UTC"
LIKELY = (
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Phoenix", "America/Halifax", "America/St_Johns", "America/Sao_Paulo"),
    *("America/Santiago", "America/Bogota", "America/Mexico_City", "Australia/Sydney", "Australia/Adelaide"),
    *("Australia/Brisbane", "Australia/Perth", "Australia/Darwin", "Pacific/Auckland", "Asia/Kolkata", "Asia/Tokyo"),
    *("Asia/Singapore", "Asia/Dubai", "Africa/Johannesburg", "Africa/Nairobi", "Africa/Lagos", "Asia/Jerusalem"),
)


def machine_zone(environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of this machine's time zone; UTC where it has none."""
    names = [environ.get("TZ", "").lstrip(":")]
    try:
        parts = LOCAL_TIME.resolve().parts
    except OSError:
        parts = ()
    if ZONE_FOLDER in parts:
        names.append("/".join(parts[parts.index(ZONE_FOLDER) + 1 :]))
    return next((name for name in names if name and _is_zone(name)), DEFAULT)


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except (TimeZoneError, ValueError, OSError):
        return False
    return True


def zone_of_offsets(texts: Sequence[str], environ: Mapping[str, str] = os.environ) -> str | None:
    """Return a time zone whose clocks have the offsets of these ISO instants; None if they are all in UTC."""
    instants = []
    for text in texts:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            continue
        if instant.tzinfo is not None:
            instants.append(instant)
    if not instants or all(not instant.utcoffset() for instant in instants):
        return None
    for name in (machine_zone(environ), *LIKELY):
        known = zone(name)
        if all(i.astimezone(UTC).astimezone(known).utcoffset() == i.utcoffset() for i in instants):
            return name
    return None


def ask_for_zone(file: str, example: str) -> HistoryError:
    """The error of instants that say nothing of the hospital's clock."""
    return HistoryError(
        f"Looking at {file}: its times, such as {example}, are instants in UTC, and the day of a hospital begins at "
        "its own midnight. Give the hospital's time zone: --timezone Europe/London"
    )
