"""Secrets and addresses of an account: from the environment and nowhere else.

An installation `harbour` that uses system `magento` reads `HARBOUR_MAGENTO_...`.
"""

import re
from typing import TypeVar

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound="SystemSettings")


class SystemSettings(BaseSettings):
    """The base of every system's settings: frozen, strict about names, silent about values."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class PushSettings(SystemSettings):
    """What guards the address that a pushing system calls. Without it, nothing is received from that account."""

    push_secret: SecretStr = SecretStr("")

    @field_validator("push_secret")
    @classmethod
    def _unguessable(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if text and not re.fullmatch("[A-Za-z0-9_-]{24,200}", text):
            raise ValueError("use 24 to 200 letters, digits, - or _ that nobody can guess")
        return secret


def from_environment(settings: type[S], installation: str, system: str) -> S:
    """Read one system's settings for one installation; raise `ValueError` naming every variable at fault."""
    prefix = f"{installation}_{system}_".upper().replace("-", "_")
    try:
        return settings(_env_prefix=prefix)
    except ValidationError as faults:
        names = "; ".join(f"{prefix}{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in faults.errors())
        raise ValueError(
            f"Environment of {installation}, {system}: {names}. Set these variables; see .env.example."
        ) from None
