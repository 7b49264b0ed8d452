"""Other programs' forecasts of the same series from the same history. Each reads one series at a time."""

from benchmarks.accuracy.peers.peer import Peer
from benchmarks.accuracy.peers.prophet import ProphetPeer
from benchmarks.accuracy.peers.references import same_as_yesterday, six_week_weekday_mean
from benchmarks.accuracy.peers.skforecast import SkforecastPeer
from benchmarks.accuracy.peers.statistical import auto_arima, auto_ets

__all__ = ["THREE_YEARS_DAYS", "Peer", "in_the_race", "on_all_cutoffs"]

THREE_YEARS_DAYS = 1096


def on_all_cutoffs(protocol: str) -> list[Peer]:
    """The peers that are run at each of a protocol's cutoffs.

    AutoETS sees all days of the ambulance series, as in the published benchmark; of longer backtests the last three
    years, for time: its weekly season has forgotten what was before.
    """
    if protocol == "swast":
        return [auto_ets(None)]
    if protocol == "winter":
        return [auto_ets(None), auto_arima(), same_as_yesterday(), six_week_weekday_mean()]
    return [auto_ets(THREE_YEARS_DAYS)]


def in_the_race() -> list[Peer]:
    """The peers that are run at some cutoffs of every protocol, and timed."""
    return [ProphetPeer(), SkforecastPeer()]
