"""Models: tables that answer search, read and count, with domains, dotted fields and a context."""

import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sandbox.fulfil.wire import Crash, PageTooBig, Record, Refused

MOST_ROWS_A_PAGE = 500
Context = Mapping[str, Any]
Field = Callable[[Any, Context], Any]

_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_OPERATORS = {*_COMPARES, "=", "!=", "in", "not in", "like", "ilike"}


@dataclass
class Model:
    """One model: its rows by id, its fields, its many-to-one links, and the fields that have an index."""

    name: str
    fields: dict[str, Field]
    links: dict[str, str] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    rows: dict[int, Any] = field(default_factory=dict)
    indexes: dict[str, dict[Any, dict[int, None]]] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)

    def add(self, row: Any) -> None:
        """Keep a new row; ids only grow, and indexed fields never change."""
        self.rows[row.id] = row
        self.ids.append(row.id)
        for name in self.indexed:
            self.indexes.setdefault(name, {}).setdefault(self.fields[name](row, {}), {})[row.id] = None


class Models:
    """All models of one tenant."""

    def __init__(self, models: Iterable[Model], aliases: Mapping[str, str]) -> None:
        self._models = {model.name: model for model in models}
        self._aliases = aliases

    def named(self, name: str) -> Model:
        """Return a model by its name or its alias, or refuse."""
        known = self._models.get(self._aliases.get(name, name))
        if known is None:
            raise Refused.not_found(f"Model {name}")
        return known

    def value(self, model: Model, row: Any, path: str, context: Context) -> Any:
        """Return a field; a dotted path goes through many-to-one fields only."""
        name, _, rest = path.partition(".")
        if name == "rec_name" or (name in model.fields and not rest):
            return model.fields[name](row, context)
        if name not in model.links or not rest:
            raise Crash(f"{model.name} has no field {path}")
        linked, target = model.fields[name](row, context), self.named(model.links[name])
        return None if linked is None else self.value(target, target.rows[linked], rest, context)

    def read(self, model: Model, ids: Any, fields: Any, context: Context) -> list[Record]:
        """Return these rows, each with its id and the fields asked for."""
        if not _is_list_of(ids, int) or not _is_list_of(fields, str):
            raise Crash("read wants a list of ids and a list of fields")
        if len(ids) > MOST_ROWS_A_PAGE:
            raise PageTooBig(MOST_ROWS_A_PAGE)
        missing = [each for each in ids if each not in model.rows]
        if missing:
            raise Refused.not_found(f"{model.name} {missing[0]}")
        return [
            {"id": each} | {name: self.value(model, model.rows[each], name, context) for name in fields if name != "id"}
            for each in ids
        ]

    def search(self, model: Model, domain: Any, offset: int, limit: int | None, order: Any) -> list[int]:
        """Return the ids of the rows that match; inactive ones only where the domain speaks of `active`."""
        if domain is not None and not isinstance(domain, list):
            raise Crash("the domain is not a list")
        domain = domain or []
        for name, op, _ in _all_clauses(domain):
            if name.partition(".")[0] not in model.fields or op not in _OPERATORS:
                raise Crash(f"{model.name} has no field {name}, or there is no {op}")
        if "active" in model.fields and all(clause[0] != "active" for clause in _all_clauses(domain)):
            domain = ["AND", domain, ["active", "=", True]]
        found = (each for each in self._candidates(model, domain) if self._passes(model, model.rows[each], domain))
        stop = None if limit is None else offset + limit
        if order in (None, [], [["id", "ASC"]]):
            return list(islice(found, offset, stop))
        ordered = list(found)
        for name, direction in reversed(order):
            ordered.sort(
                key=lambda each: _sortable(self.value(model, model.rows[each], name, {})),
                reverse=direction == "DESC",
            )
        return ordered[offset:stop]

    def _candidates(self, model: Model, domain: Any) -> Iterator[int]:
        chosen = self._chosen(model, domain)
        if chosen is not None:
            return iter(sorted(chosen))
        after = max((clause[2] for clause in _needed_clauses(domain) if clause[:2] == ["id", ">"]), default=0)
        return iter(model.ids[bisect_right(model.ids, after) :])

    def _chosen(self, model: Model, domain: Any) -> set[int] | None:
        """Return the only ids that can match, as far as an index knows, or None."""
        if _is_clause(domain):
            name, op, value = domain
            if op not in {"=", "in"} or (name != "id" and name not in model.indexed):
                return None
            values = value if op == "in" else [value]
            if name == "id":
                return {each for each in values if each in model.rows}
            return {each for wanted in values for each in model.indexes.get(name, {}).get(wanted, {})}
        either, parts = _parts(domain)
        chosen = [self._chosen(model, part) for part in parts]
        known = [each for each in chosen if each is not None]
        if either:
            return set().union(*known) if len(known) == len(parts) and parts else None
        return min(known, key=len) if known else None

    def _passes(self, model: Model, row: Any, domain: Any) -> bool:
        if _is_clause(domain):
            name, op, wanted = domain
            return _matches(self.value(model, row, name, {}), op, wanted)
        either, parts = _parts(domain)
        return (any if either else all)(self._passes(model, row, part) for part in parts)


def _parts(domain: Any) -> tuple[bool, list[Any]]:
    if not isinstance(domain, list):
        raise Crash("a part of the domain is not a list")
    if domain and domain[0] in ("AND", "OR"):
        return domain[0] == "OR", domain[1:]
    return False, domain


def _is_clause(domain: Any) -> bool:
    return (
        isinstance(domain, list)
        and len(domain) == 3
        and isinstance(domain[0], str)
        and domain[0] not in {"AND", "OR"}
        and isinstance(domain[1], str)
    )


def _needed_clauses(domain: Any) -> Iterator[list[Any]]:
    """Yield the clauses that must hold, whatever else does."""
    if _is_clause(domain):
        yield domain
    elif not _parts(domain)[0]:
        for part in _parts(domain)[1]:
            yield from _needed_clauses(part)


def _all_clauses(domain: Any) -> Iterator[list[Any]]:
    if _is_clause(domain):
        yield domain
        return
    for part in _parts(domain)[1]:
        yield from _all_clauses(part)


def _matches(held: Any, op: str, wanted: Any) -> bool:
    if op in {"=", "!="}:
        return bool(held == wanted) == (op == "=")
    if op in {"in", "not in"}:
        inside = any(each in wanted for each in held) if isinstance(held, list) else held in wanted
        return bool(inside) == (op == "in")
    if op in {"like", "ilike"}:
        pattern = re.escape(str(wanted)).replace("%", ".*").replace("_", ".")
        return bool(re.fullmatch(pattern, str(held or ""), re.IGNORECASE if op == "ilike" else 0))
    return held is not None and _COMPARES[op](held, wanted)


def _sortable(value: Any) -> tuple[bool, Any]:
    if isinstance(value, bool | int | float | Decimal | str | date | datetime):
        return True, value
    return False, 0


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)
