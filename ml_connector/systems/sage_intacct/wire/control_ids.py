"""The control id of a write: by it the gateway knows a call that it has had already (intacct 5)."""

from hashlib import sha256


def control_id(key: str, entity: str, content: str) -> str:
    """Its document's key, what it writes, and a digest of just this content.

    What is mended is another call; the same content is the same call, however often it is sent.
    """
    return f"{key}/{entity}/{sha256(content.encode()).hexdigest()[:24]}"
