"""What the querier's owner has to do after a call."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..family import Address
from ..wire.packets import Send


@dataclass(slots=True)
class Effects:
    """Packets to send on the link, and what changed.

    ``changed`` are the groups whose subscription differs from before. ``role_changed`` is true
    when this router became the querier or another router did.
    """

    send: list[Send] = field(default_factory=list)
    changed: list[Address] = field(default_factory=list)
    role_changed: bool = False


NO_EFFECTS = Effects()
"""Nothing to do, as after most reports: all of them share it, and nobody changes it."""
