"""A page read back: its texts, links and pictures, by the standard library and NumPy alone."""

import base64
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEW_PLOT = "Plotly.newPlot("
DRAWN = 'getElementById("'


@dataclass
class Picture:
    """One figure as the browser gets it."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    config: dict[str, Any]

    def trace(self, name: str) -> dict[str, Any]:
        (found,) = [trace for trace in self.data if trace.get("name") == name]
        return found

    @property
    def names(self) -> list[str]:
        return [trace["name"] for trace in self.data if trace.get("name")]


@dataclass
class Page(HTMLParser):
    """Text, links and pictures of a page, as a person and a browser find them."""

    html: str
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._inside: list[str] = []
        self._caption: str | None = None
        self.feed(self.html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._inside.append(tag)
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "data") and value]
        self._caption = found.get("id") if tag == "figcaption" else None

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        self._caption = None
        self.text += " "

    def handle_data(self, data: str) -> None:
        if self._caption:
            self.captions[self._caption.removesuffix("-caption")] = data
        if self._inside[-1:] == ["script"] and DRAWN in data and NEW_PLOT in data:
            name = data.split(DRAWN)[1].split('"')[0]
            self.pictures[name] = _picture(data.split(NEW_PLOT)[1])
        elif self._inside[-1:] not in (["script"], ["style"]):
            self.text += data


def numbers(values: Any) -> NDArray[np.float64]:  # noqa: ANN401  an array as Plotly writes it: a list, or coded
    """The numbers of an array of a figure."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=np.dtype(values["dtype"]))
        shape = [int(n) for n in str(values.get("shape", len(flat))).split(",")]
        return flat.reshape(shape).astype(float)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _picture(text: str) -> Picture:
    found: list[Any] = []
    position, decoder = 0, json.JSONDecoder()
    while len(found) < 4:
        position += len(text[position:]) - len(text[position:].lstrip(" ,\n"))
        value, position = decoder.raw_decode(text, position)
        found.append(value)
    return Picture(*found[1:])
