"""The data report: one page that shows people at a hospital what their history is like."""

from training.history.report.page import report_page

__all__ = ["report_page"]
