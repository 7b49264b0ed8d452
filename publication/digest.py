"""A publication's digest: the same content has the same digest on any day and any machine."""

import hashlib
import json
from dataclasses import asdict

from publication.model import Publication

NOT_CONTENT = ("issued_at", "revision", "remarks")


def digest(publication: Publication) -> str:
    """`sha256:` and the hash of everything but the instant of issue, the revision and the remarks."""
    content = {key: value for key, value in asdict(publication).items() if key not in NOT_CONTENT}
    for series in content["series"]:
        if not series["drivers"]:  # a publication of before there were any keeps its digest, and so below
            del series["drivers"]
    if not content["headroom"]:
        del content["headroom"]
    text = json.dumps(content, default=str, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
