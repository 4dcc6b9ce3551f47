"""An app registered at a system that people authorize in their browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from ml_connector.errors import ConfigError


@dataclass(frozen=True)
class OAuthApp:
    """An app registration and one connection made with it.

    refresh_age_seconds: age at which a new access token is asked for. refresh_floor_seconds: the server refuses below,
    and counts an error, so less is not accepted; a little more absorbs clocks that differ. access_lifetime,
    refresh_lifetime: where the server does not tell. consent: more in the address of the consent page. too_early: words
    of a refusal that leaves the stored pair as it is. code_note: what a person has to know of a code.
    """

    connection: str
    authorize_url: str
    token_url: str
    client_id: str
    redirect_uri: str
    refresh_age_seconds: int
    refresh_floor_seconds: int = 0
    access_lifetime: timedelta | None = None
    refresh_lifetime: timedelta | None = None
    warning: timedelta = timedelta(days=7)
    consent: Mapping[str, str] = field(default_factory=dict)
    too_early: tuple[str, ...] = ()
    code_note: str = ""

    def __post_init__(self) -> None:
        if self.refresh_age_seconds < self.refresh_floor_seconds:
            raise ConfigError(
                f"{self.connection}: refresh_age_seconds is {self.refresh_age_seconds}; the server refuses below "
                f"{self.refresh_floor_seconds} s and counts an error.",
                remedy=f"Use {self.refresh_floor_seconds} or more.",
            )

    @property
    def command(self) -> str:
        return f"ml-connector credentials authorize {self.connection}"

    def link(self, state: str) -> str:
        """The consent page's address."""
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            **self.consent,
            "state": state,
        }
        return f"{self.authorize_url}?{urlencode(query)}"
