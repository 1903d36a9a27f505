"""Words of the command line that may be abbreviated, as ``ip`` and ``vtysh`` let them."""

from __future__ import annotations

from collections.abc import Collection


class UnknownWordError(ValueError):
    """A word that is none of the known ones, or stands for several; the text says which."""


def resolve(word: str, known: Collection[str], kind: str) -> str:
    """The known word that ``word`` is, or is the beginning of; UnknownWordError.

    ``kind`` names what is looked for, as "subcommand".
    """
    if word in known:
        return word
    found = [one for one in known if word and one.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownWordError(f'{kind} "{word}" is ambiguous: {", ".join(found)}')
    from difflib import get_close_matches

    near = get_close_matches(word, known, 1)
    raise UnknownWordError(
        f'unknown {kind} "{word}"' + (f"; did you mean {near[0]}?" if near else "")
    )
