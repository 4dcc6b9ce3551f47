"""What an answer leaves behind is not sent with another call."""

import httpx
import pytest

from ml_connector.transport.without_cookies import ClientWithoutCookies


def test_a_cookie_that_comes_is_not_sent_back_and_one_that_is_given_is() -> None:
    came: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        came.append(request.headers.get("Cookie", ""))
        return httpx.Response(200, headers={"Set-Cookie": "session=theirs; Path=/"})

    with ClientWithoutCookies(transport=httpx.MockTransport(answer)) as client:
        client.get("https://books.example/one")
        client.get("https://books.example/two")
        client.get("https://books.example/three", headers={"Cookie": "session=ours"})
        assert came == ["", "", "session=ours"]
        assert not client.cookies


def test_none_can_be_given_to_it_for_all_calls() -> None:
    with ClientWithoutCookies() as client, pytest.raises(TypeError):
        client.cookies = {"session": "ours"}
