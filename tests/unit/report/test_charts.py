"""Pages of figures: complete, described, and standing alone."""

import subprocess
import sys

import plotly.graph_objects as go

from tests.unit.report.reading import Page
from training.charts import page, picture, plain


def test_a_page_has_the_figures_it_was_given_each_under_its_name() -> None:
    read = Page(page("Two & more", [picture(go.Figure(go.Bar(y=[i])), f"f{i}", f"Bar <{i}>") for i in (1, 2)]))
    assert list(read.pictures) == ["f1", "f2"]
    assert read.captions == {"f1": "Bar <1>", "f2": "Bar <2>"}
    assert read.html.startswith("<!doctype html>")
    assert "<title>Two &amp; more</title>" in read.html


def test_a_page_refers_to_nothing_outside_it() -> None:
    assert Page(page("", [picture(go.Figure(), "f")])).links == []


def test_no_button_sends_the_data_of_a_figure_away() -> None:
    config = Page(page("", [picture(go.Figure(), "f")])).pictures["f"].config
    assert {button for group in config["modeBarButtons"] for button in group} == {
        "toImage",
        "zoom2d",
        "pan2d",
        "resetScale2d",
    }


def test_labels_are_shown_letter_by_letter() -> None:
    assert plain("<b>A&E</b>'s") == "&lt;b&gt;A&amp;E&lt;/b&gt;'s"


def test_drawing_needs_no_mlflow() -> None:
    asked = "import sys, training.charts, training.report.page; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
