"""What cannot be read of a reply is the other side's: it may be right the next time, and says nothing of a write."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ml_connector.errors import OutcomeUnknown, TryAgain, WeAreWrong

LOOKED_UP = "It is looked up before it is sent again."


@dataclass(frozen=True)
class Replies:
    """Replies of a system. if_it_lasts: what a person does then. unreadable: what reading one raises."""

    if_it_lasts: str
    unreadable: tuple[type[Exception], ...] = (WeAreWrong,)

    @contextmanager
    def readable(self, connection: str, what: str) -> Iterator[None]:
        """For the reading of records.

        Raises:
            TryAgain: in place of what is unreadable.
        """
        try:
            yield
        except self.unreadable as error:
            raise TryAgain(_told(connection, what, error), after_seconds=300, remedy=self.if_it_lasts) from error

    @contextmanager
    def answered(self, connection: str, what: str) -> Iterator[None]:
        """For a write with the reading of its reply.

        Raises:
            OutcomeUnknown: in place of what is unreadable; as a TryAgain it would be written a second
                time.
        """
        try:
            yield
        except self.unreadable as error:
            raise OutcomeUnknown(_told(connection, what, error), remedy=LOOKED_UP) from error


def _told(connection: str, what: str, error: Exception) -> str:
    return f"{connection}: {what} cannot be read: {error.message if isinstance(error, WeAreWrong) else error}."
