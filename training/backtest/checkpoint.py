"""What an interrupted backtest has done already: the forecasts of each refit day, kept until all of it is done."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowInvalid

from training.errors import HistoryError

DIGITS = 16
KIND = ".parquet"
UNFINISHED = ".unfinished"


def key_of(parts: Sequence[object]) -> str:
    """Names a backtest by all that its forecasts depend on: another where the text of any part is another."""
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True)
class Checkpoint:
    """A folder of forecasts by refit day: each file is there whole or not at all, however the process ended."""

    folder: Path

    def kept(self, fit_day: pd.Timestamp) -> pd.DataFrame | None:
        """The forecasts made before for this refit day, if there are any that can be read."""
        with suppress(OSError, ArrowInvalid):
            return pd.read_parquet(self._file(fit_day))
        return None

    def keep(self, fit_day: pd.Timestamp, forecasts: pd.DataFrame) -> pd.DataFrame:
        """Write the forecasts, and give them as they will be read. Raises HistoryError where that cannot be."""
        file = self._file(fit_day)
        unfinished = file.with_suffix(f".{os.getpid()}{UNFINISHED}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            forecasts.to_parquet(unfinished, index=False)
            unfinished.replace(file)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise HistoryError(
                f"Writing {file}: {error.strerror or error}. The forecasts made before are kept. Make room there, or "
                "make it writable, and start the backtest again: it goes on from there."
            ) from error
        return pd.read_parquet(file)

    @property
    def n_kept(self) -> int:
        """How many refit days have their forecasts."""
        return len(list(self.folder.glob(f"*{KIND}")))

    def clear(self) -> None:
        """Forget all of it: the backtest is done, or begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, fit_day: pd.Timestamp) -> Path:
        return self.folder / f"{fit_day:%Y-%m-%d}{KIND}"
