"""How this system talks: typed JSON in two spellings, and what it refuses."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Record = dict[str, Any]


class Refused(Exception):
    """The call is refused. `shown` is the body of the answer."""

    def __init__(self, status: int, shown: Record) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.shown = status, shown

    @classmethod
    def by_rule(cls, message: str, code: str = "E1000") -> "Refused":
        """Refuse as a rule of the business does."""
        return cls(400, {"type": "UserError", "code": code, "message": message, "description": message})

    @classmethod
    def not_found(cls, what: str) -> "Refused":
        """Refuse because there is no such thing."""
        return cls(404, {"code": 404, "name": "Not Found", "description": f"{what} does not exist"})


class PageTooBig(Exception):
    """More rows are asked for than a page may hold: answered with 429, which is no matter of time."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Page size cannot exceed {most}")


class Crash(Exception):
    """A malformed argument: the server stumbles over it and answers 500."""


class Writer:
    """Writes typed JSON. Dates and times come out in one piece and exploded, turn about."""

    def __init__(self) -> None:
        self._turn = 0

    def write(self, value: Any) -> Any:
        """Return the wire form of a value."""
        if isinstance(value, dict):
            return {name: self.write(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.write(part) for part in value]
        if isinstance(value, Decimal):
            return {"__class__": "Decimal", "decimal": str(value)}
        if isinstance(value, datetime):
            bare = value.astimezone(UTC).replace(tzinfo=None)
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **self._spelt(bare, names)}
        if isinstance(value, date):
            return {"__class__": "date", **self._spelt(value, ("year", "month", "day"))}
        return value

    def _spelt(self, value: date, names: tuple[str, ...]) -> Record:
        self._turn += 1
        if self._turn % 2:
            return {"iso_string": value.isoformat()}
        return {name: getattr(value, name) for name in names}


def read(value: Any) -> Any:
    """Return the value of a wire form; a time without a zone is UTC."""
    if isinstance(value, list):
        return [read(part) for part in value]
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case None:
            return {name: read(part) for name, part in value.items()}
        case "Decimal":
            return amount(value["decimal"])
        case "date":
            return date.fromisoformat(value["iso_string"])
        case "datetime":
            return datetime.fromisoformat(value["iso_string"]).replace(tzinfo=UTC)
        case other:
            raise Crash(f"cannot decode {other}")


def amount(value: Any) -> Decimal:
    """Return an amount, which may come as a typed Decimal, a text or a number."""
    if isinstance(value, bool) or value is None:
        raise Refused.by_rule("An amount is not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused.by_rule("An amount is not a number") from None
    if not number.is_finite():
        raise Refused.by_rule("An amount is not a number")
    return number


def model(name: str, record_id: int, shown: str) -> Record:
    """Return a record as a method returns one."""
    return {"__class__": "Model", "model_name": name, "id": record_id, "rec_name": shown}
