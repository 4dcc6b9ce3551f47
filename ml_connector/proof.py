"""The proof that a write may still leave, asked for right before its bytes do.

Whoever carries out a write says how it is proven (`proven_by`); the layers that send ask (`prove`) as late as they can:
after every wait for a limit, a token or a connection, and again before every retry. They need not know what a lease is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Raises LeaseLost when nothing may be sent any more.
Proof = Callable[[], None]

_proof: ContextVar[Proof | None] = ContextVar("proof", default=None)


@contextmanager
def proven_by(proof: Proof) -> Iterator[None]:
    """Whatever is written to the outside in this block, by this thread, must be proven first."""
    before = _proof.set(proof)
    try:
        yield
    finally:
        _proof.reset(before)


def prove() -> None:
    """Call right before sending something that has an effect; without a proof to give, anything may be sent.

    Raises:
        LeaseLost: nothing may be sent. Nothing was.
    """
    proof = _proof.get()
    if proof is not None:
        proof()
