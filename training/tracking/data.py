"""The history that a run was made from, as MLflow's datasets tell of it."""

import json
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source_registry import resolve_dataset_source

DIGEST_DIGITS = 32  # all that MLflow has room for; the whole is a tag


@dataclass(frozen=True)
class Data:
    """Whose history, where it is kept, its digest, and the instant it was known at."""

    system: str
    archive: Path
    digest: str
    as_of: datetime

    def dataset(self) -> Dataset:
        return History(self)

    def tags(self) -> dict[str, str]:
        return {"headroom.data_digest": self.digest, "headroom.as_of": self.as_of.isoformat()}


class History(Dataset):
    """A history that stays where it is: MLflow is told of it, and given nothing."""

    def __init__(self, data: Data) -> None:
        self._data = data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there are two names for one kind of source
            source = resolve_dataset_source(data.archive.as_uri())
        super().__init__(source, name=data.system, digest=self._compute_digest())

    def _compute_digest(self) -> str:
        return self._data.digest.rpartition(":")[2][:DIGEST_DIGITS]

    @property
    def profile(self) -> dict[str, str]:
        """What it was known at."""
        return {"as_of": self._data.as_of.isoformat(), "digest": self._data.digest}

    @property
    def schema(self) -> None:
        """None: it is the same for every history, `unique_id, ds, y, known_at`."""

    def to_dict(self) -> dict[str, str]:
        """What MLflow keeps."""
        return {**super().to_dict(), "profile": json.dumps(self.profile)}
