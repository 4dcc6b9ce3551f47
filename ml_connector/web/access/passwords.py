"""Passwords of local users: kept as scrypt hashes, compared in constant time, tried only so often."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from ml_connector.errors import ConfigError

#: Cost of a hash: 32 MiB and a tenth of a second. It stands in each hash, so that it can be raised.
_N, _R, _P = 2**15, 8, 1
_MOST_MEMORY = 128 * _N * _R * 2
SHORTEST, LONGEST = 10, 1_000
#: So many wrong passwords of a name, or of an address, and then none is looked at for so long.
FAILURES, PAUSE_SECONDS = 5, 300.0
#: Names and addresses that failures are remembered of.
_REMEMBERED = 10_000
#: Hashes computed at once: each takes its memory.
_AT_ONCE = threading.BoundedSemaphore(2)


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises:
        ConfigError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(
            f"The password has {len(password)} characters.", remedy=f"Take one of {SHORTEST} to {LONGEST} characters."
        )
    salt = secrets.token_bytes(16)
    parts = ("scrypt", str(_N), str(_R), str(_P), _text(salt), _text(_scrypt(password, salt, _N, _R, _P)))
    return "$".join(parts)


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one that was kept; False also for what is no hash of ours."""
    if len(password) > LONGEST:
        return False
    try:
        name, n, r, p, salt, digest = kept.split("$")
        cost, made = (int(n), int(r), int(p)), base64.b64decode(digest)
        if name != "scrypt" or cost[0] > _N * 8 or cost[1] > 32 or cost[2] > 16:
            return False
        return hmac.compare_digest(_scrypt(password, base64.b64decode(salt), *cost), made)
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _AT_ONCE:
        return hashlib.scrypt(
            password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY * 8, dklen=32
        )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


#: Compared with where there is no such user, so that names cannot be told apart by time.
NOBODY = f"scrypt${_N}${_R}${_P}${_text(bytes(16))}${_text(bytes(32))}"


class Tries:
    """Counts wrong passwords by name and by address; after too many nobody is let in under it for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, *keys: str) -> float:
        """Seconds to wait before another try under any of these; 0 for none."""
        with self._lock:
            return max((self._left(key) for key in keys), default=0.0)

    def _left(self, key: str) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        left = last + PAUSE_SECONDS - self._clock()
        return left if count >= FAILURES and left > 0 else 0.0

    def failed(self, *keys: str) -> None:
        """A password was wrong."""
        with self._lock:
            for key in keys:
                count, last = self._failures.pop(key, (0, 0.0))
                if self._clock() - last > PAUSE_SECONDS:
                    count = 0
                self._failures[key] = (count + 1, self._clock())
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def passed(self, key: str) -> None:
        """A password was right: what was wrong under that name before counts no more."""
        with self._lock:
            self._failures.pop(key, None)
