"""Troubles of the gateway's own, ordered one by one or drawn for a share of the requests (sage-intacct 4).

passing: a failure on Intacct's side without a cause. concurrent: "Concurrent request in process". rolled_back: the
operation is taken back, nothing is at fault. dead_session: the session is at its end. rate: 429 with GW-0010.
"""

import random
from collections import Counter, deque

from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions

KINDS = ("passing", "concurrent", "rolled_back", "dead_session", "rate")


class Troubles:
    """Those of a request: at most one."""

    def __init__(self, options: SageIntacctOptions, seed: int) -> None:
        self._options = options
        self._random = random.Random(seed)
        self._ordered: deque[str] = deque()
        self.counts: Counter[str] = Counter()

    def order(self, kind: str, count: int = 1) -> None:
        """The next so many requests that can meet it do. Raises ValueError for a kind that is none."""
        if kind not in KINDS:
            raise ValueError(f"{kind}: a trouble is one of {', '.join(KINDS)}")
        self._ordered.extend([kind] * count)

    def clear(self) -> None:
        self._ordered.clear()

    def draw(self, possible: set[str]) -> str:
        """The trouble of this request, or none."""
        for kind in self._ordered:
            if kind in possible:
                self._ordered.remove(kind)
                self.counts[kind] += 1
                return kind
        for kind, share in self._options.trouble_shares.items():
            if kind in possible and share > 0 and self._random.random() < share:
                self.counts[kind] += 1
                return kind
        return ""
