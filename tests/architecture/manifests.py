"""The manifests of deploy/kubernetes, in the parts that tests read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import yaml  # type: ignore[import-untyped]

from tests.architecture.repository import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = FOLDER / "kustomization.yaml"

Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"
"""Values of a YAML document."""


@dataclass(frozen=True)
class Manifest:
    """One document. `at` reads what is in it."""

    content: dict[str, Node]

    @property
    def kind(self) -> str:
        return text(self.content["kind"])

    @property
    def name(self) -> str:
        return text(self.at("metadata", "name"))

    def at(self, *path: str | int) -> Node:
        """Return what stands at a path of keys and numbers; None where a key is absent."""
        return at(self.content, *path)


@dataclass(frozen=True)
class Pod:
    """The pods of a Deployment or of a CronJob. Each has one container."""

    owner: str
    labels: dict[str, Node]
    spec: dict[str, Node]

    def at(self, *path: str | int) -> Node:
        return at(self.spec, *path)

    def of_container(self, *path: str | int) -> Node:
        return at(self.spec, "containers", 0, *path)

    @property
    def image(self) -> str:
        return text(self.of_container("image"))


def at(node: Node, *path: str | int) -> Node:
    """Return what stands at a path of keys and numbers; None where a key is absent."""
    for step in path:
        node = items(node)[step] if isinstance(step, int) else mapping(node).get(step)
    return node


def text(node: Node) -> str:
    assert isinstance(node, str), node
    return node


def items(node: Node) -> list[Node]:
    """Return a list; an empty one where there is none."""
    assert isinstance(node, list | None), node
    return node or []


def mapping(node: Node) -> dict[str, Node]:
    """Return a mapping; an empty one where there is none."""
    assert isinstance(node, dict | None), node
    return node or {}


def read(documents: str) -> list[Manifest]:
    """Return the documents of a text in YAML."""
    return [Manifest(document) for document in yaml.safe_load_all(documents)]


def files() -> list[Path]:
    """Return the files of manifests, without the kustomization."""
    return [path for path in sorted(FOLDER.iterdir()) if path != KUSTOMIZATION]


@cache  # PyYAML takes a tenth of a second for all of them
def manifests() -> tuple[Manifest, ...]:
    """Return every manifest."""
    return tuple(manifest for path in files() for manifest in read(path.read_text(encoding="utf-8")))


def of_kind(kind: str) -> dict[str, Manifest]:
    """Return the manifests of a kind by name."""
    return {manifest.name: manifest for manifest in manifests() if manifest.kind == kind}


TEMPLATES = {"Deployment": ("spec", "template"), "CronJob": ("spec", "jobTemplate", "spec", "template")}


def pods() -> list[Pod]:
    """Return the pods of every Deployment and CronJob."""
    return [
        Pod(
            manifest.name,
            mapping(manifest.at(*TEMPLATES[manifest.kind], "metadata", "labels")),
            mapping(manifest.at(*TEMPLATES[manifest.kind], "spec")),
        )
        for manifest in manifests()
        if manifest.kind in TEMPLATES
    ]


def secrets(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the name and key of each secret that is referred to below a node."""
    if isinstance(node, dict):
        if "secretKeyRef" in node:
            yield text(at(node, "secretKeyRef", "name")), text(at(node, "secretKeyRef", "key"))
        for below in node.values():
            yield from secrets(below)
    elif isinstance(node, list):
        for below in node:
            yield from secrets(below)


def selects(selector: Mapping[str, Node], labels: Mapping[str, Node]) -> bool:
    """Return whether a selector of labels takes a pod; an empty one takes every pod."""
    assert set(selector) <= {"matchLabels"}
    wanted = mapping(selector.get("matchLabels"))
    return wanted.items() <= labels.items()
