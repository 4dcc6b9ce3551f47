"""How the stand-in behaves where the sheet leaves it open."""

from dataclasses import dataclass
from typing import Literal

GATEWAY_KEY = "gateway-key-of-the-sandbox-0001"
USER, PASSWORD = "svc-mlconnector", "avid-sandbox-password"
CLIENT_ID, CLIENT_SECRET = "mlconnector", "avid-sandbox-client-secret"
COMPANY_TOKEN, USER_TOKEN = "company-token-of-the-sandbox", "user-token-of-the-sandbox"


@dataclass(frozen=True, slots=True)
class AvidOptions:
    """paging: as lists tell the next page. refuses_same: an external id that is there already is an item error.

    wrapped: a single record comes in `Items`. one_as_object: a list of one comes as that one. words: `Successful` comes
    as text. tells_life: the token's answer has `expires_in`. window_days: longer windows are refused.
    mode: what is behind the port, the API or a server where files lie.
    """

    mode: Literal["api", "files"] = "api"
    login: Literal["dual_bearer", "client_credentials", "user_password", "static_tokens"] = "dual_bearer"
    paging: Literal["links", "numbers", "none"] = "links"
    page_size: int = 500
    refuses_same: bool = False
    wrapped: bool = False
    one_as_object: bool = False
    words: bool = False
    tells_life: bool = False
    token_minutes: int = 30
    window_days: int = 31
    per_second: float | None = None
    accounting_system: str = "1"
