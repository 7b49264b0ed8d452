"""Flat tables as tables of a database schema: the rows of one system are replaced in one transaction."""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    MetaData,
    NullPool,
    Table,
    Unicode,
    create_engine,
    delete,
    insert,
    inspect,
)
from sqlalchemy.schema import CreateSchema

from publication.flat_columns import ColumnKind
from publication.vocabulary import LONGEST_NAME_BYTES
from training.addresses import DatabaseAddress
from training.exports.tables import FlatTable, FlatTables

SqlType = Unicode | Date | DateTime | BigInteger | Double[float] | Boolean
SQL_TYPES: dict[ColumnKind, SqlType] = {
    ColumnKind.TEXT: Unicode(),
    ColumnKind.DAY: Date(),
    ColumnKind.INSTANT: DateTime(timezone=True),
    ColumnKind.COUNT: BigInteger(),
    ColumnKind.NUMBER: Double(),
    ColumnKind.FLAG: Boolean(),
}
SYSTEM_COLUMN = "system"
"""The column that every table has, and by which the rows of a system are replaced."""
UNIQUE_TABLE = "publication"
"""The table with one row a system: its key stops two exports of a system that run at once."""
DATABASE_ROWS_AT_ONCE = 5_000


def write_database(tables: FlatTables, address: DatabaseAddress, schema: str) -> None:
    """Replace the rows of the system in one transaction; tables and columns that are absent are made.

    Readers see the old rows or the new ones, and rows of other systems stay. Raises SQLAlchemyError where the database
    does not do so, and ValueError where a table of the schema is not of an export.
    """
    engine = create_engine(address.url, poolclass=NullPool, connect_args=address.connect_args)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":  # its driver begins no transaction for tables by itself
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif not inspect(connection).has_schema(schema):
            connection.execute(CreateSchema(schema))
        for flat in tables.tables:
            table = sql_table(flat, schema)
            _prepare(connection, table)
            connection.execute(delete(table).where(table.c[SYSTEM_COLUMN] == tables.summary.system))
            for rows in _rows(flat):
                connection.execute(insert(table), rows)


def sql_table(flat: FlatTable, schema: str) -> Table:
    """Return the table of the schema that has the columns of a flat table."""
    is_unique = flat.name == UNIQUE_TABLE
    columns = (
        Column(column.name, Unicode(LONGEST_NAME_BYTES), nullable=False, primary_key=is_unique)
        if column.name == SYSTEM_COLUMN
        else Column(column.name, SQL_TYPES[column.kind])
        for column in flat.columns
    )
    return Table(flat.name, MetaData(), *columns, schema=schema)


def _prepare(connection: Connection, table: Table) -> None:
    """Make the table, or the columns that it lacks: quantiles and thresholds may change."""
    if not inspect(connection).has_table(table.name, table.schema):
        table.create(connection)
        return
    there = {column["name"] for column in inspect(connection).get_columns(table.name, table.schema)}
    if SYSTEM_COLUMN not in there:
        raise ValueError(
            f"the table {table.name} of the schema {table.schema} is not of an export: it has no column "
            f"{SYSTEM_COLUMN}. Give the exports a schema of their own"
        )
    preparer = connection.dialect.identifier_preparer
    for column in table.columns:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            add = "ADD" if connection.dialect.name == "mssql" else "ADD COLUMN"
            connection.exec_driver_sql(
                f"ALTER TABLE {preparer.format_table(table)} {add} {preparer.quote(column.name)} {kind}"
            )


def _rows(flat: FlatTable) -> Iterator[list[dict[str, object]]]:
    for rows in flat.data.to_batches(max_chunksize=DATABASE_ROWS_AT_ONCE):
        yield rows.to_pylist()
