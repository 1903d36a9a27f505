"""The sample configuration, etc/mcproxy.toml: every option with its explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import Configuration, InstanceConfig
from ..schema.option import Option, options_of
from .markup import held_together, without_markup, wrap
from .scopes import SCOPES, default_toml

WIDTH = 96

_HEAD = """\
Every option of mcproxy, with its explanation; see mcproxy.toml(5). An option after "#" has its
default, an option after "# " is an example. Check a file with: mcproxy check FILE
"""

_INSTANCE = "instance.iptv"

_ACTIVE = {"upstream", "downstream"}
"""Options of the instance that the sample sets."""

_OF_ONE_INTERFACE = {"immediate-leave": "true", "max-groups": "1000"}
"""Options that the sample sets for one interface."""

_SECOND_FILTER = {
    "interface": '"eth1"',
    "role": '"downstream"',
    "direction": '"in"',
    "allow": '["* | 192.0.2.0/24", { filter = "local" }]',
}


def sample_text() -> str:
    """The text of etc/mcproxy.toml."""
    top, instance = options_of(Configuration), options_of(InstanceConfig)
    blocks = [
        _comment(_HEAD),
        _comment(top["instance"].text) + f"[{_INSTANCE}]\n",
        *(_option(one, active=one.key in _ACTIVE) for one in SCOPES["instance"].options),
        _comment(f"{instance['interface'].text} All options of ``[defaults]`` can be set.")
        + f"[{_INSTANCE}.interface.eth1]\n"
        + _lines(_OF_ONE_INTERFACE),
        _comment(instance["filter"].text) + f"# [[{_INSTANCE}.filter]]\n",
        *map(_option, (one for one in SCOPES["filter"].options if one.key != "allow")),
        _comment("Another filter, which names what may pass instead.")
        + f"# [[{_INSTANCE}.filter]]\n"
        + _lines(_SECOND_FILTER, "# "),
        _comment(top["filter"].text) + "# [filter.local]\n",
        *map(_option, SCOPES["named-filter"].options),
        _comment(top["defaults"].text) + "[defaults]\n",
        *map(_option, SCOPES["interface"].options),
        *_service("control"),
        *_service("http"),
        *_service("manhole"),
    ]
    return "\n".join(blocks)


def _service(name: str) -> Iterator[str]:
    yield _comment(options_of(Configuration)[name].text) + f"#[{name}]\n"
    for option in SCOPES[name].options:
        yield _option(option, mark="#")


def _option(option: Option, active: bool = False, mark: str = "") -> str:
    """An option with its explanation: set, or as a comment."""
    default = default_toml(option)
    mark = "" if active else mark or ("#" if default else "# ")
    facts = {"Range": option.value.allowed, "Unit": option.unit, "Default": option.usual}
    fact_text = " ".join(f"{name}: {fact}." for name, fact in facts.items() if fact)
    line = f"{mark}{option.key} = {default or option.example}\n"
    return _comment(option.text) + _comment(fact_text) + line


def _lines(values: Mapping[str, str], mark: str = "") -> str:
    return "".join(f"{mark}{key} = {value}\n" for key, value in values.items())


def _comment(text: str) -> str:
    lines = wrap(without_markup(held_together(text)), WIDTH, "# ", "# ") if text else []
    return "".join(f"{line}\n" for line in lines)
