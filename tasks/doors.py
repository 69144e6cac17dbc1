"""The addresses at which vendors may call: one for each account that pushes and for which a secret is set."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from connectors.http import Surroundings
from connectors.registry import SYSTEMS, open_connector
from connectors.roles import PushesNews
from connectors.settings import PushSettings, from_environment
from domain.budgets import Bucket, Lane, Limit
from domain.installation import Installation, Side
from tasks.installations import WrongConfiguration, issubclass_of

MOST_PUSHES = Limit(600, burst=120)
"""How many pushes one account may send in a minute: far more than any honest one, far fewer than would hurt."""


@dataclass
class Door:
    """One account that may call us, behind a path that holds its secret. `connector` plays `PushesNews`."""

    installation: Installation
    side: Side
    connector: Any
    secret: SecretStr = field(repr=False)
    permits: Bucket | None = None

    @property
    def account(self) -> str:
        """Return our name for the account."""
        return self.installation.endpoint(self.side).account

    def wait_seconds(self, now: datetime) -> int:
        """Count one push: 0 when it may come in, else the seconds until another may."""
        before = self.permits or Bucket(float(MOST_PUSHES.burst), now)
        self.permits, again_at = before.take(MOST_PUSHES, Lane.URGENT, now)
        return 0 if again_at is None else int((again_at - now).total_seconds()) + 1


def secret_of(installation: Installation, side: Side) -> SecretStr | None:
    """Return the secret of an account's push address; None where it does not push, or none is set.

    Raises `ValueError` naming the variable when the secret is none that protects.
    """
    system = installation.endpoint(side).system
    if not issubclass_of(SYSTEMS[system], PushesNews):
        return None
    secret = from_environment(PushSettings, installation.name, system).push_secret
    return secret if secret.get_secret_value() else None


def path_of(installation: Installation, side: Side, secret: SecretStr) -> str:
    """Return the path that the vendor is to call. It is a secret itself."""
    return f"/push/{installation.name}/{installation.endpoint(side).system}/{secret.get_secret_value()}"


class Doors:
    """All doors, found by the parts of their path."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self._nobody = SecretStr(secrets.token_urlsafe())
        self._doors: dict[tuple[str, str], Door] = {}
        for door in doors:
            for part in (door.side.value, door.installation.endpoint(door.side).system):
                self._doors[door.installation.name, part] = door

    def __iter__(self) -> Iterator[Door]:
        return iter({id(door): door for door in self._doors.values()}.values())

    def find(self, installation: str, part: str, secret: str) -> Door | None:
        """Return the door behind a path, or None, in a time that tells nothing of the secret."""
        door = self._doors.get((installation, part))
        wanted = door.secret if door is not None else self._nobody
        return door if hmac.compare_digest(_hashed(secret), _hashed(wanted.get_secret_value())) else None


def open_doors(installations: Mapping[str, Installation], around: Surroundings) -> Doors:
    """Open the door of every account that pushes and has a secret. Raises `WrongConfiguration` with every fault."""
    doors, faults = [], []
    for installation in installations.values():
        for side in Side:
            endpoint = installation.endpoint(side)
            try:
                secret = secret_of(installation, side)
                if secret is None:
                    continue
                made = open_connector(endpoint.system, installation.name, endpoint.account, endpoint.options, around)
            except ValueError as fault:
                faults.append(str(fault))
                continue
            doors.append(Door(installation, side, made, secret))
    if faults:
        raise WrongConfiguration("Receiver: " + "\n  ".join(["correct these and start again:", *faults]))
    return Doors(doors)


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
