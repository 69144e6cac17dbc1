"""Statements that differ between the databases, written once; and what statements that are built once are made of.

Building a statement costs more than running it (measured). So those that every run needs are constants of their
module: `MINE` and `NOW` are filled in by the transaction, `bindparam` and `listed` by the caller.
"""

from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import BindParameter, Boolean, ColumnElement, Dialect, FromClause, Insert, Update, bindparam, insert
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Text, TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from ledger.database import Transaction
from ledger.tables import Moment

MINE: BindParameter[str] = bindparam("mine")
"""The installation of the transaction."""
NOW = bindparam("now", type_=Moment)
"""The moment of the transaction."""
_SQLITE = sqlite_dialect()


def table(model: type[SQLModel]) -> SqlTable:
    """Return the Core table of a model."""
    found = model.__dict__["__table__"]
    assert isinstance(found, SqlTable)  # noqa: S101 - for the type checker: SQLModel declares it loosely
    return found


@cache
def filling(statement: Update, names: tuple[str, ...]) -> Update:
    """Return the update that fills in these columns from parameters of their names."""
    return statement.values({name: bindparam(name) for name in names})


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
    replaces = tuple(name for name in values[0] if name not in {*keys, *keep})
    statement = _inserting(table(model), postgresql=tx.is_postgresql, keys=tuple(keys), replaces=replaces)
    newest = dict(zip(map(itemgetter(*keys), values), values, strict=True))
    _insert(tx, statement, table(model), list(newest.values()))


def insert_new(tx: Transaction, model: type[SQLModel], values: list[dict[str, Any]], keys: Sequence[str]) -> None:
    """Insert the rows that do not exist yet and leave the others as they are."""
    if values:
        _insert(tx, _inserting(table(model), postgresql=tx.is_postgresql, keys=tuple(keys)), table(model), values)


def insert_all(tx: Transaction, model: type[SQLModel], values: list[dict[str, Any]]) -> None:
    """Insert rows that cannot exist yet."""
    if values:
        _insert(tx, _inserting(table(model), postgresql=tx.is_postgresql), table(model), values)


@cache
def _inserting(
    target: SqlTable,
    *,
    postgresql: bool,
    keys: tuple[str, ...] = (),
    replaces: tuple[str, ...] = (),
) -> Insert:
    """Return an insert that replaces these columns of a row that exists under `keys`, or leaves it as it is."""
    if not keys:
        return insert(target)
    statement = (postgresql_insert if postgresql else sqlite_insert)(target)
    if not replaces:
        return statement.on_conflict_do_nothing(index_elements=keys)
    replaced = {name: statement.excluded[name] for name in replaces}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


def _insert(tx: Transaction, statement: Insert, target: SqlTable, values: list[dict[str, Any]]) -> None:
    """Insert rows; into SQLite column by column, past SQLAlchemy's work on each row.

    That work is dearer there than the insert itself (measured); on PostgreSQL it joins rows into one statement.
    """
    names = tuple(values[0])
    if tx.is_postgresql or any(c.default is not None for c in target.c if c.name not in names):
        tx.connection.execute(statement, values)
        return
    sql, written = _for_sqlite(statement, target, names)
    columns = [
        map(itemgetter(name), values) if write is None else [write(row[name]) for row in values]
        for name, write in written
    ]
    tx.connection.exec_driver_sql(sql, list(zip(*columns, strict=True)))


@cache
def _for_sqlite(statement: Insert, target: SqlTable, names: tuple[str, ...]) -> tuple[str, list[tuple[str, Any]]]:
    """Return the text of an insert of these columns, and how each is written; the library compiles it each time."""
    compiled = statement.compile(dialect=_SQLITE, column_keys=names)
    types = {name: target.c[name].type.dialect_impl(_SQLITE) for name in names}
    return str(compiled), [(name, types[name].bind_processor(_SQLITE)) for name in compiled.positiontup or ()]


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


def among(_tx: Transaction, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Return `column is one of values` as one bound parameter, however many they are."""
    return _Among(column, bindparam(None, list(values), type_=_Listed(column.type)))


class _Listed(TypeDecorator[Any]):
    """Many values as one parameter: an array, or for SQLite the JSON of one."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the database can unpack."""
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write the JSON at once: a page's keys are thousands."""
        return value if dialect.name == "postgresql" else orjson.dumps(value).decode()


def listed(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return `column is one of the values of the parameter name`, a list, for a statement that is built once."""
    return _Among(column, bindparam(name, type_=_Listed(column.type)))
