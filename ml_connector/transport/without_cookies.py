"""An HTTP client that keeps no cookies: what one answer leaves behind is not sent with another call."""

import httpx


class _NoCookies(httpx.Cookies):
    """Keeps nothing: a call carries what its connection's authentication says, nothing that an answer left behind."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leaves them where they are."""


class ClientWithoutCookies(httpx.Client):
    """An HTTP client without a memory."""

    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        del cookies
        raise TypeError("it keeps no cookies")
