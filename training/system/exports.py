"""The table [exports] of system.toml: where flat tables go after each publication."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LITERAL_PASSWORD = re.compile(r"://[^/@]*:(?!\$\{[A-Za-z_][A-Za-z0-9_]*\}@)[^@]+@")
WORKBOOK_ENDING = ".xlsx"


@dataclass(frozen=True, slots=True)
class FolderExport:
    """A folder of files, one for each table; `path` is relative to the folder of the system file."""

    path: str
    file_format: str


@dataclass(frozen=True, slots=True)
class WorkbookExport:
    """A workbook with a sheet for each table; `path` is relative to the folder of the system file."""

    path: str


@dataclass(frozen=True, slots=True)
class DatabaseExport:
    """Tables of one schema of a database; variables of the environment in `url` are not filled in yet."""

    url: str = field(repr=False)
    schema: str


ExportTarget = FolderExport | WorkbookExport | DatabaseExport


def _check_no_password(value: str) -> str:
    if LITERAL_PASSWORD.search(value):
        raise ValueError(
            "it has a password, and secrets are never in files; write the name of a variable of the environment, "
            "such as postgresql://USER:${PASSWORD}@HOST/DATABASE, or ${URL} for all of it"
        )
    return value


def _check_workbook(value: str) -> str:
    if not value.lower().endswith(WORKBOOK_ENDING):
        raise ValueError(f"a workbook ends with {WORKBOOK_ENDING}; name it like headroom{WORKBOOK_ENDING}")
    return value


ExportText = Annotated[str, Field(min_length=1)]


class ExportTable(BaseModel):
    """The keys of [exports], or of one [[exports]] of several: each of folder, workbook and url is a target."""

    model_config = ConfigDict(extra="forbid", strict=True)

    folder: ExportText | None = None
    format: Literal["parquet", "csv"] | None = None
    workbook: Annotated[ExportText, AfterValidator(_check_workbook)] | None = None
    url: Annotated[ExportText, AfterValidator(_check_no_password)] | None = None
    database_schema: ExportText | None = Field(None, alias="schema")

    @model_validator(mode="after")
    def _require_target(self) -> "ExportTable":
        if self.folder is None and self.workbook is None and self.url is None:
            raise ValueError("it says nowhere to write; give folder, workbook, or url with schema")
        if self.format is not None and self.folder is None:
            raise ValueError("format is that of the files of a folder; give folder, or take it away")
        if (self.url is None) != (self.database_schema is None):
            raise ValueError("a database needs both url and schema; give the other one, such as schema = 'bi'")
        return self

    def targets(self) -> tuple[ExportTarget, ...]:
        """Return where the tables go."""
        found: list[ExportTarget] = []
        if self.folder is not None:
            found.append(FolderExport(self.folder, self.format or "parquet"))
        if self.workbook is not None:
            found.append(WorkbookExport(self.workbook))
        if self.url is not None and self.database_schema is not None:
            found.append(DatabaseExport(self.url, self.database_schema))
        return tuple(found)


def as_export_tables(value: object) -> object:
    """Return a list of tables: TOML gives one table for [exports], and a list for [[exports]]."""
    return [value] if isinstance(value, dict) else value


def check_distinct_targets(tables: list[ExportTable]) -> list[ExportTable]:
    """Return the tables. Raises ValueError where two of them write to one place."""
    places = Counter(
        target.path if isinstance(target, FolderExport | WorkbookExport) else (target.url, target.schema)
        for table in tables
        for target in table.targets()
    )
    for place, n in places.items():
        if n > 1:
            named = place if isinstance(place, str) else f"the schema {place[1]}"
            raise ValueError(f"{n} exports write to {named}, and each would replace the other; give each its own")
    return tables
