"""How Magento says no: one exception that knows its HTTP status, text and parameters."""

from datetime import datetime
from typing import Any

NO_ENTITY = "The entity that was requested doesn't exist. Verify the entity and try again."


class Refused(ValueError):
    """The shop refuses a call; the doorway turns this into the JSON error body."""

    def __init__(self, status: int, message: str, parameters: Any = None) -> None:
        super().__init__(message)
        self.status, self.message, self.parameters = status, message, parameters

    def body(self) -> dict[str, Any]:
        """Return the error body: `parameters` is only there when the text has place holders."""
        return {"message": self.message} | ({} if self.parameters is None else {"parameters": self.parameters})

    @classmethod
    def field(cls, complaint: str, name: str) -> "Refused":
        """Return a 400 that names one field."""
        return cls(400, f'"%fieldName" {complaint}', {"fieldName": name})

    @classmethod
    def required(cls, name: str) -> "Refused":
        """Return the 400 for a missing top-level parameter."""
        return cls.field("is required. Enter and try again.", name)

    @classmethod
    def unauthorised(cls, resource: str) -> "Refused":
        """Return the 401 that a missing right, a wrong token and no token share; it names the right."""
        message = "The consumer isn't authorized to access %resources."
        return cls(401, message, {"resources": resource})

    @classmethod
    def no_entity(cls) -> "Refused":
        """Return the 404 for an unknown id."""
        return cls(404, NO_ENTITY)

    @classmethod
    def no_route(cls) -> "Refused":
        """Return the 404 for an unknown route or a wrong verb."""
        return cls(404, "Request does not match any route.")


def whole(text: Any) -> int:
    """Read an id; raise the shop's 400 when it is not a whole number."""
    try:
        return int(str(text))
    except ValueError:
        message = f'The "{text}" value\'s type is invalid. The "int" type was expected. Verify and try again.'
        raise Refused(400, message) from None


def stamp(moment: datetime) -> str:
    """Return a time as the database shows it: UTC, whole seconds, no offset."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def filled(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns without those that are null: Magento leaves them out of an answer."""
    return {name: value for name, value in columns.items() if value is not None}
