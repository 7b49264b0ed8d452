"""The forms in which forecasts are given, and which of them a caller prefers."""

from enum import StrEnum

from service.http.conditional import preferred


class Format(StrEnum):
    """Named as the parameter `format` has it."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        """As answers are labelled."""
        return LABELS[self]


JSON, CSV, NDJSON = Format
LABELS = {JSON: "application/json", CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson"}
ACCEPTED = {"application/json": JSON, "text/csv": CSV, "application/x-ndjson": NDJSON, "application/ndjson": NDJSON}


def negotiated(wanted: str | None, accept: str) -> Format:
    """`wanted` where it is given, else what `Accept` prefers; JSON wins a draw."""
    return Format(wanted) if wanted is not None else ACCEPTED[preferred(accept, tuple(ACCEPTED))]
