"""Statements that differ between the databases, written once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Boolean, ColumnElement, FromClause, Insert, bindparam, insert
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import JSON
from sqlmodel import SQLModel

from ledger.database import Transaction

_MANY = 20  # so many rows pay for compiling their statement anew


def table(model: type[SQLModel]) -> SqlTable:
    """Return the Core table of a model."""
    found = model.__dict__["__table__"]
    assert isinstance(found, SqlTable)  # noqa: S101 - for the type checker: SQLModel declares it loosely
    return found


def upsert(
    tx: Transaction,
    model: type[SQLModel],
    values: list[dict[str, Any]],
    keys: Sequence[str],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert rows, or replace the columns of those that exist (save the `keys` and those to `keep`).

    Of several rows with the same keys the last counts: one statement must not touch a row twice.
    """
    if not values:
        return
    target = table(model)
    dialect_insert = postgresql_insert if tx.is_postgresql else sqlite_insert
    statement = dialect_insert(target)
    changed = {name: statement.excluded[name] for name in values[0] if name not in {*keys, *keep}}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    newest = {tuple(row[name] for name in keys): row for row in values}
    _insert(tx, statement, target, list(newest.values()))


def insert_new(tx: Transaction, model: type[SQLModel], values: list[dict[str, Any]], keys: Sequence[str]) -> None:
    """Insert the rows that do not exist yet and leave the others as they are."""
    if values:
        dialect_insert = postgresql_insert if tx.is_postgresql else sqlite_insert
        statement = dialect_insert(table(model)).on_conflict_do_nothing(index_elements=list(keys))
        _insert(tx, statement, table(model), values)


def insert_all(tx: Transaction, model: type[SQLModel], values: list[dict[str, Any]]) -> None:
    """Insert rows that cannot exist yet."""
    if values:
        _insert(tx, insert(table(model)), table(model), values)


def _insert(tx: Transaction, statement: Insert, target: SqlTable, values: list[dict[str, Any]]) -> None:
    """Insert rows; many of them into SQLite column by column, past SQLAlchemy's work on each row.

    That work is dearer there than the insert itself (measured); on PostgreSQL it joins rows into one statement.
    """
    names = list(values[0])
    if tx.is_postgresql or len(values) < _MANY or any(c.default is not None for c in target.c if c.name not in names):
        tx.connection.execute(statement, values)
        return
    dialect = tx.connection.dialect
    compiled = statement.compile(dialect=dialect, column_keys=names)
    columns = []
    for name in compiled.positiontup or ():
        written = target.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        cells = [row[name] for row in values]
        columns.append(cells if written is None else [written(cell) for cell in cells])
    tx.connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


class _Among(ColumnElement[bool]):
    """`column is one of values`. An element of its own: composed of the library's parts it takes as long as the query."""

    inherit_cache = True
    type = Boolean()
    _is_implicitly_boolean = True  # or SQLite gets "... = 1", which no index serves
    _traverse_internals = [  # noqa: RUF012 - as the library declares it
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], values: BindParameter[Any]) -> None:
        self.column, self.values = column, values

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.column._from_objects  # noqa: SLF001 - part of the library's protocol for elements


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - a compiled column and a bound parameter


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} = ANY ({values})"


def among(tx: Transaction, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Return `column is one of values` as one bound parameter, however many they are."""
    type_ = ARRAY(column.type) if tx.is_postgresql else JSON()
    return _Among(column, bindparam(None, list(values), type_=type_))
