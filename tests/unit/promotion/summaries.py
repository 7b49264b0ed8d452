"""Summaries of a champion, and of windows with one loss."""

from datetime import date, timedelta

from training.backtest.evaluation import BacktestSummary

WINDOWS = {str(date(2026, 1, 1) + timedelta(days=6 * n)): 0.5 for n in range(12)}  # three blocks of 28 days
CHAMPION = BacktestSummary(
    windows=WINDOWS,
    measures={"attendances": 0.4, "occupancy": 0.6},
    large_places={"RXA": 0.5, "RXB": 0.55},
    holidays=0.7,
    coverage_80=0.80,
    fallback_share=0.0,
    publish_seconds=20.0,
    holiday_days=10,
    parent_coverage_80=0.80,
    horizon_days=28,
)


def all_windows(wis: float, n: int = 12) -> dict[str, float]:
    return dict.fromkeys(list(WINDOWS)[:n], wis)
