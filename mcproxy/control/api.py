"""What can be asked of the running daemon: views of it, and changes to it.

::

    GET  /status /interfaces /groups /routes /counters /config
    POST /reload  {"dry-run": false}
    POST /add     {"instance": NAME} with "table": {...}, "upstream": IF or "downstream": IF
    POST /remove  {"instance": NAME} alone, or with "upstream": IF or "downstream": IF
    POST /move    {"interface": IF, "to": NAME}
    POST /restart

Changes may have ``"save": true``. They are answered with ``{"changes": [{"where": KEY, "what":
TEXT}, ...]}``, refusals with ``{"error": TEXT}`` and a status of 400 (not understood), 403
(not permitted), 404 (no such thing to ask) or 409 (it cannot be done).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..config import edit as change
from ..config.diff import Difference
from ..config.errors import ConfigurationError, Wrong
from ..config.model import DOWNSTREAM, UPSTREAM, Configuration
from ..config.native.document import document
from ..config.native.reader import Mistakes, structure
from ..linux.mroute.errors import NotPermitted
from . import status
from . import views as snapshot
from .changes import REFUSALS, Changes
from .http import Answer, RowsAnswer

if TYPE_CHECKING:
    from ..proxy import Proxy

Make = Callable[[Configuration], Configuration]


@attrs.frozen
class Reload:
    """POST /reload."""

    dry_run: bool = False


@attrs.frozen
class Named:
    """POST /add and /remove: an instance, or an interface in a role of it."""

    instance: str = ""
    table: Any = None
    upstream: str | None = None
    downstream: str | None = None
    save: bool = False

    @property
    def links(self) -> list[tuple[str, str]]:
        """Role and name of each interface that is named."""
        roles = ((UPSTREAM, self.upstream), (DOWNSTREAM, self.downstream))
        return [(role, name) for role, name in roles if name is not None]


@attrs.frozen
class Move:
    """POST /move."""

    interface: str = ""
    to: str = ""
    save: bool = False


@attrs.frozen
class Restart:
    """POST /restart."""


class NotUnderstood(ValueError):  # noqa: N818 - not an error of ours
    """A request that makes no sense; the text says why."""


class Api:
    """Answers requests about one daemon."""

    log = Logger()

    def __init__(self, proxy: Proxy, changes: Changes) -> None:
        self._proxy = proxy
        self._changes = changes
        self._paths: dict[str, tuple[str, Callable[[bytes], Any]]] = {
            "/status": ("GET", lambda _: Answer(status.status(proxy))),
            "/config": ("GET", lambda _: Answer(self._config())),
            "/interfaces": ("GET", lambda _: RowsAnswer("interfaces", status.interfaces(proxy))),
            "/groups": ("GET", lambda _: RowsAnswer("groups", snapshot.groups(proxy))),
            "/routes": ("GET", lambda _: RowsAnswer("routes", snapshot.routes(proxy))),
            "/counters": ("GET", lambda _: RowsAnswer("counters", iter(snapshot.counters(proxy)))),
            "/reload": ("POST", self._reload),
            "/add": ("POST", self._add),
            "/remove": ("POST", self._remove),
            "/move": ("POST", self._move),
            "/restart": ("POST", self._restart),
        }

    def handle(self, method: str, path: str, body: bytes) -> Deferred[Answer]:
        """Answer a request; whatever is wrong with it is an answer too."""
        return Deferred.fromCoroutine(self._handle(method, path, body))

    async def _handle(self, method: str, path: str, body: bytes) -> Answer:
        if path not in self._paths:
            return _error(404, f"there is no {path}; there are {', '.join(self._paths)}")
        expected, handler = self._paths[path]
        if method != expected:
            return _error(405, f"{path} wants {expected}")
        try:
            answer = handler(body)
            return answer if isinstance(answer, Answer) else await answer
        except NotUnderstood as error:
            return _error(400, str(error))
        except (PermissionError, NotPermitted) as error:
            return _error(403, str(error))
        except REFUSALS as error:
            return _error(409, str(error))
        except Exception as error:
            self.log.failure("{path} was not answered", path=path)
            return _error(500, f"a mistake in mcproxy: {error!r}; the daemon's log has more")

    def _config(self) -> dict[str, Any]:
        from ..config.save import write

        running = self._proxy.configuration
        return {"path": running.path, "config": document(running), "text": write(running)}

    # -- changes

    async def _reload(self, body: bytes) -> Answer:
        return _done(await self._changes.reload(_read(body, Reload).dry_run))

    async def _restart(self, body: bytes) -> Answer:
        _read(body, Restart)
        answer = _done(await self._changes.before_restart())
        answer.after = self._changes.restart
        return answer

    async def _add(self, body: bytes) -> Answer:
        read = _read(body, Named)
        match read.links, read.table:
            case [], dict(table):
                make: Make = partial(change.add_instance, name=read.instance, table=table)
            case [(role, name)], None:
                make = partial(change.add_link, instance=read.instance, role=role, interface=name)
            case _:
                raise NotUnderstood("say what to add: a table, an upstream or a downstream")
        return await self._change(make, read.instance, read.save)

    async def _remove(self, body: bytes) -> Answer:
        read = _read(body, Named)
        match read.links, read.table:
            case [], None:
                make: Make = partial(change.remove_instance, name=read.instance)
            case [(role, name)], None:
                make = partial(
                    change.remove_link, instance=read.instance, role=role, interface=name
                )
            case _:
                raise NotUnderstood("say what to remove: an instance, or one interface of it")
        return await self._change(make, read.instance, read.save)

    async def _move(self, body: bytes) -> Answer:
        read = _read(body, Move)
        if not read.interface:
            raise NotUnderstood('say which "interface"')
        make = partial(change.move_downstream, interface=read.interface, to=read.to)
        return await self._change(make, read.to, read.save)

    async def _change(self, make: Make, instance: str, save: bool) -> Answer:
        if not instance:
            raise NotUnderstood("say which instance")
        return _done(await self._changes.change(make, save))


def _read(body: bytes, kind: type[Any]) -> Any:
    """A body as a ``kind``; NotUnderstood."""
    mistakes = Mistakes("", lambda where: ".".join(map(str, where)) or "the request")
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"the request is no JSON: {error}") from error
    try:
        read = structure(value, kind, (), mistakes)
    except Wrong as wrong:
        raise NotUnderstood(str(wrong)) from wrong
    if mistakes.found:
        raise NotUnderstood(str(ConfigurationError(mistakes.located({}))))
    return read


def _done(differences: list[Difference]) -> Answer:
    return Answer({"changes": [attrs.asdict(difference) for difference in differences]})


def _error(status: int, text: str) -> Answer:
    return Answer({"error": text}, status)
