"""The routing thread: one thread, as a pool of Twisted's, in which kernel tables are changed.

A change of a table may wait for a lock of the kernel (rtnl) for as long as another program holds
it. So it is made in this thread, with ``deferToThreadPool``, and the reactor goes on meanwhile.

Twisted's own ThreadPool would do the same at a higher price, and to wake the reactor when the work
is done costs more than the work itself. So ``submit_quietly`` does not wake it where that can wait.
Measured, processor time of both threads for a call that does nothing: 85 us with a ThreadPool, 65
us with ``submit``, 10 us with ``submit_quietly``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

_OnResult = Callable[[bool, Any], None]


class WorkThread(Protocol):
    """Runs functions in one thread, in the order of the calls."""

    def submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """Run ``function``; fires with its result."""

    def submit_quietly(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """The same, but a result that is false may come late: when somebody calls ``hurry``."""

    def hurry(self) -> None:
        """Deliver the results of ``submit_quietly`` now, and those that are still to come."""


class RoutingThread:
    """A WorkThread from ``start`` to ``stop``; work that is submitted before waits for it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._results = _QuietResults(reactor)
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
        return deferToThreadPool(self._reactor, self._as_pool(), function, *arguments)

    def submit_quietly(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        """The same, but a result that is false may come late: when somebody calls ``hurry``."""
        self._results.expect()
        results: Any = self._results
        return deferToThreadPool(results, self._as_pool(), function, *arguments)

    def hurry(self) -> None:
        """Deliver the results of ``submit_quietly`` now, and those that are still to come."""
        self._results.hurry()

    def callInThreadWithCallback(
        self, on_result: _OnResult, function: Callable[..., Any], *arguments: object
    ) -> None:
        """What ``deferToThreadPool`` uses of a pool: ``on_result`` is called in the thread."""
        self._work.put((on_result, function, arguments))

    def _as_pool(self) -> Any:
        return self

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            on_result, function, arguments = work
            try:
                result = function(*arguments)
            except BaseException:
                on_result(False, Failure())  # type: ignore[no-untyped-call]  # untyped in Twisted
            else:
                on_result(True, result)


class _QuietResults:
    """Results on their way from the thread to the reactor, which is woken only if need be.

    It has the one method of a reactor that ``deferToThreadPool`` uses. The order of the steps
    excludes a lost result: the thread adds it before it looks whether somebody is waiting, and the
    reactor says so before it takes the results.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._results: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._expected = 0
        self._is_awaited = False

    def expect(self) -> None:
        """One more result is to come."""
        self._expected += 1

    def callFromThread(self, deliver: Callable[[Any], None], result: Any) -> None:
        """In the thread: there is a result. Failures and others that say something are awaited."""
        self._results.append((deliver, result))
        if result or self._is_awaited:
            self._reactor.callFromThread(self._deliver)

    def hurry(self) -> None:
        """In the reactor: deliver what there is now, and wake the reactor for the rest."""
        self._is_awaited = True
        self._deliver()

    def _deliver(self) -> None:
        while self._results:
            self._expected -= 1
            if not self._expected:
                self._is_awaited = False
            deliver, result = self._results.popleft()
            deliver(result)
