"""Print free beds of the next week by place, worst first: `python pressure.py`."""

import os

import pandas as pd

URL = os.environ.get("HEADROOM_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("HEADROOM_KEY")
HEADERS = {"Authorization": f"Bearer {KEY}"} if KEY else None


def table(path: str) -> pd.DataFrame:
    """Return a table of the service, its days as dates."""
    found = pd.read_csv(f"{URL}/v1/{path}", storage_options=HEADERS)
    days = [column for column in ("cutoff", "ds") if column in found]
    return found.assign(**{column: pd.to_datetime(found[column]) for column in days})


pressure = table("pressure?format=csv&horizon=7&quantiles=0.1,0.5,0.9")
free_beds = pressure.pivot(index=["rank", "place", "name"], columns="ds", values="headroom_q0.5")
print(free_beds.round().to_string())
