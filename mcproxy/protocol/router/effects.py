"""What a state machine wants done."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..family import Address
from ..wire.packets import Send


@dataclass(slots=True)
class Effects:
    """What a state machine wants done; ``changed`` are groups with another subscription.

    ``role_changed`` says that another router became the querier, or ceased to be it.
    """

    send: list[Send] = field(default_factory=list)
    changed: list[Address] = field(default_factory=list)
    role_changed: bool = False
