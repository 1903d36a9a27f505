"""The routing thread: one thread, as a pool of Twisted's, in which kernel tables are changed.

A change of a table may wait for a lock of the kernel (rtnl) for as long as another program holds
it. So it is made in this thread, with ``deferToThreadPool``, and the reactor goes on meanwhile.

Twisted's own ThreadPool would do the same at a higher price. To wake the reactor when the work is
done costs more than the work itself, so a ``QuietWork`` does not wake it unless that matters.
Measured, processor time of both threads for a call a millisecond that does nothing: 130 us with a
ThreadPool, 95 us with ``submit``, 35 us with a ``QuietWork``. Most of that is the kernel's, which
wakes a thread on another processor.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

_OnResult = Callable[[bool, Any], None]

_FIRST, _ASKED, _ENDED = "first", "asked", "ended"


class WorkThread(Protocol):
    """Runs functions in one thread, in the order of the calls."""

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run ``function``; fires with its result."""

    def quiet_work(self) -> QuietWork:
        """For the work of one owner whose end need not be told."""


class QuietWork(Protocol):
    """Work of one owner, one piece at a time, whose end it mostly need not know at once."""

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run ``function``; fires with its result if that is true, or if ``has_ended`` was false.

        A failure is told, too.
        """

    def has_ended(self) -> bool:
        """Whether the work has ended with nothing to tell; this is true once.

        If not, the end is told as soon as it comes.
        """


class RoutingThread:
    """A WorkThread from ``start`` to ``stop``; work that is submitted before waits for it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._work: SimpleQueue[tuple[_OnResult, Callable[..., Any], Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="routing", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Wait until all work is done, and end the thread."""
        self._work.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run ``function``; fires with its result."""
        pool: Any = self
        return deferToThreadPool(self._reactor, pool, function, *arguments)

    def quiet_work(self) -> QuietWork:
        """For the work of one owner whose end need not be told."""
        return _QuietWork(self._reactor, self)

    def callInThreadWithCallback(
        self, on_result: _OnResult, function: Callable[..., Any], *arguments: object
    ) -> None:
        """What ``deferToThreadPool`` uses of a pool: ``on_result`` is called in the thread."""
        self._work.put((on_result, function, arguments))

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            on_result, function, arguments = work
            try:
                result = function(*arguments)
            except BaseException:
                on_result(False, Failure())  # type: ignore[no-untyped-call]  # untyped in Twisted
            else:
                on_result(True, result)


class _QuietWork:
    """Work that wakes the reactor at its end only if need be.

    It has the one method of a reactor that ``deferToThreadPool`` uses. ``_first`` says what came
    first, the end or a question; it is set in one step, by whichever thread comes first. So the
    owner learns of the end once: as the answer to the question, or later.
    """

    def __init__(self, reactor: Any, pool: Any) -> None:
        self._reactor = reactor
        self._pool = pool
        self._first = {_FIRST: _ASKED}

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run ``function``; fires with its result if that is true, or if ``has_ended`` was false.

        A failure is told, too.
        """
        self._first = {}
        reactor: Any = self
        return deferToThreadPool(reactor, self._pool, function, *arguments)

    def callFromThread(self, deliver: Callable[[Any], None], result: Any) -> None:
        """In the thread: there is a result."""
        if result or self._first.setdefault(_FIRST, _ENDED) is _ASKED:
            self._reactor.callFromThread(deliver, result)

    def has_ended(self) -> bool:
        """Whether the work has ended with nothing to tell; this is true once.

        If not, the end is told as soon as it comes.
        """
        if self._first.setdefault(_FIRST, _ASKED) is _ASKED:
            return False
        self._first[_FIRST] = _ASKED
        return True
