"""Signed notices of changes, without a server: what is not signed exactly, or says nothing of sense, is no notice."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import SenderMustCorrect
from ml_connector.systems.exact_online.notices import webhooks

SECRET = b"webhook-secret"
CONTENT = (
    b'{"Topic":"PurchaseOrders","ClientId":"b81cc4de-0000-0000-0000-09254394c52a","Division":124132,'
    b'"Action":"Update","Key":"5F0C1111-0000-0000-0000-000000000000","EventCreatedOn":"2026-06-25T16:17:09.433"}'
)


def signed(content: bytes, secret: bytes = SECRET) -> bytes:
    code = hmac.new(secret, content, hashlib.sha256).hexdigest().upper().encode()
    return b'{"Content":' + content + b',"HashCode":"' + code + b'"}'


def test_a_signed_notice_is_read() -> None:
    content = webhooks.verify(signed(CONTENT), SECRET)
    assert content == CONTENT
    notice = webhooks.parse_notice(content)
    assert notice.key == "5f0c1111-0000-0000-0000-000000000000"
    assert (notice.topic, notice.action, notice.division) == ("PurchaseOrders", "Update", 124132)


@given(st.integers(0, len(signed(CONTENT)) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(position: int, change: int) -> None:
    body = bytearray(signed(CONTENT))
    body[position] ^= change
    assert webhooks.verify(bytes(body), SECRET) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        CONTENT,
        signed(CONTENT, b"other"),
        signed(CONTENT).lower(),
        signed(CONTENT) + b"\n",
        b" " + signed(CONTENT),
        json.dumps(json.loads(signed(CONTENT))).encode(),
        signed(b'{"a":"' + b"x" * 70_000 + b'"}'),
        b'{"Content":' * 5000,
    ],
)
def test_what_is_not_signed_exactly_is_refused(body: bytes) -> None:
    assert webhooks.verify(body, SECRET) is None


def test_without_a_secret_nothing_is_verified() -> None:
    assert webhooks.verify(signed(CONTENT, b""), b"") is None


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b'{"Topic":1}',
        CONTENT.replace(b"124132", b'"124132"'),
        CONTENT.replace(b"124132", b"true"),
        CONTENT.replace(b"PurchaseOrders", b"x" * 61),
        CONTENT.replace(b"PurchaseOrders", b"a\\u0000b"),
        CONTENT.replace(b'"Update"', b"[" * 30 + b"]" * 30),
        b"\xff",
    ],
)
def test_signed_rubbish_is_still_rubbish(content: bytes) -> None:
    with pytest.raises(SenderMustCorrect):
        webhooks.parse_notice(content)
