"""What all configuration models share."""

import ipaddress
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Settings(BaseModel):
    """A frozen block of settings. Unknown keys are errors, so that a misspelt key is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


def day_text(value: Any) -> Any:
    """A day as text, YYYY-MM-DD; also as YAML reads one without quotes. An empty text stays empty."""
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, str) and value:
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError as error:
            raise ValueError("is not a day; write it as YYYY-MM-DD") from error
    return value


Day = Annotated[str, BeforeValidator(day_text)]


def zone_name(value: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone; write one like Europe/Amsterdam") from error
    return value


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses or networks as ipaddress knows them; its ValueError says what is wrong."""
    for text in value:
        ipaddress.ip_network(text)
    return value


def web_address(value: str) -> str:
    """An address of ours as the outside has it, kept to the letter; empty for none."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        usable = False
    if value and not usable:
        raise ValueError("is not a web address; write it like https://connector.example.com")
    return value
