"""Hooks of MkDocs: the decisions are added to the navigation, in order, with their titles."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append every decision to the section Explanation."""
    docs = Path(config.docs_dir)
    pages = sorted((docs / "explanation" / "adr").glob("*.md"))
    titles = [page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for page in pages]
    paths = [page.relative_to(docs).as_posix() for page in pages]
    (explanation,) = (section["Explanation"] for section in config.nav or [] if "Explanation" in section)
    explanation.append({"Decisions": [{title: path} for title, path in zip(titles, paths, strict=True)]})
    return config
