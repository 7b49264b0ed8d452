"""The balance of flows: what occupancy did that admissions and discharges do not explain."""

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import SeriesKey


def balance_residuals(table: pd.DataFrame, system: System) -> pd.DataFrame:
    """Wide by place: occupancy(d) - occupancy(d-1) - admissions(d) + discharges(d); NaN where one is not known.

    Only places that count all three. Positive: more patients are in beds than came and stayed.
    """
    counted = set(table.columns)
    places = [place.id for place in system.places if counted.issuperset(_ids(place.id))]
    columns = [table.columns.get_indexer(pd.Index(ids)) for ids in zip(*map(_ids, places), strict=True)]
    if not columns:
        return pd.DataFrame(index=table.index)
    occupancy, admissions, discharges = (table.to_numpy(dtype=float)[:, chosen] for chosen in columns)
    change = np.diff(occupancy, axis=0, prepend=np.nan)
    return pd.DataFrame(change - admissions + discharges, index=table.index, columns=pd.Index(places))


def _ids(place: str) -> tuple[str, ...]:
    return tuple(SeriesKey(place, measure).unique_id for measure in ("occupancy", "admissions", "discharges"))
