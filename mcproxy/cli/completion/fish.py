"""The script for fish: a statement for each word that may follow."""

from __future__ import annotations

from collections.abc import Iterator

from .. import SHORT_FORMS
from .words import FILES, LINKS, Choice, Command, Option


def lines(known: list[Command]) -> Iterator[str]:
    """The lines of the script."""
    yield "# Made by: mcproxy completion fish"
    yield from _FUNCTIONS.format(
        valued=" ".join(sorted(_valued(known))),
        paths=" ".join(_quoted(" ".join(one.path)) for one in known),
        short="\n".join(
            f"        test $word = {short}; and set word {word}"
            for short, word in SHORT_FORMS.items()
        ),
    ).splitlines()
    yield "complete -c mcproxy -f"
    for one in known:
        if len(one.path) == 1:
            yield f"complete -c mcproxy -n '__mcproxy_at \"\" 0' {_one(one.path[0], one.meaning)}"
        path = " ".join(one.path)
        for option in one.options:
            yield _option(path, option)
        for number, values in enumerate(one.arguments):
            condition = f"-n '__mcproxy_at \"{path}\" {number}'"
            if isinstance(values, str):
                yield f"complete -c mcproxy {condition} {_asked(values)}"
            else:
                for choice in values:
                    yield f"complete -c mcproxy {condition} {_one(choice.word, choice.meaning)}"


def _valued(known: list[Command]) -> set[str]:
    return {
        word
        for one in known
        for option in one.options
        if option.takes_value
        for word in option.words
    }


def _one(word: str, meaning: str) -> str:
    return f"-a {_quoted(word)} -d {_quoted(meaning)}"


def _option(path: str, option: Option) -> str:
    parts = [f"complete -c mcproxy -n '__mcproxy_in \"{path}\"'"]
    for word in option.words:
        parts.append(f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}")
    if option.takes_value:
        parts.append(_asked(option.values))
    return " ".join([*parts, f"-d {_quoted(option.meaning)}"])


def _asked(values: tuple[Choice, ...] | str) -> str:
    """What a value may be; fish runs the command when it needs the words."""
    if values == FILES:
        return "-r -F"
    if values == LINKS:
        return "-x -a '(command ls /sys/class/net 2>/dev/null)'"
    if isinstance(values, str):
        return f"-x -a '(__mcproxy_names {values.removeprefix('@')})'"
    return f"-x -a {_quoted(' '.join(one.word for one in values))}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_FUNCTIONS = """\
function __mcproxy_place # prints the command that the words before the cursor name, and a number
    set -l words (commandline -opc)
    set -l at ""
    set -l before ""
    set -l count 0
    for word in $words[2..-1]
        if contains -- "$before" {valued}
            set before ""
            continue
        end
        set before $word
        string match -q -- "-*" $word; and continue
{short}
        if contains -- (string trim "$at $word") {paths}
            set at (string trim "$at $word")
            set count 0
        else
            set count (math $count + 1)
        end
    end
    echo $at
    echo $count
end
function __mcproxy_at # PATH COUNT: whether an argument of this command is next
    set -l place (__mcproxy_place)
    test "$place[1]" = "$argv[1]"; and test "$place[2]" = "$argv[2]"
end
function __mcproxy_in # PATH: whether the command line is of this command
    set -l place (__mcproxy_place)
    test "$place[1]" = "$argv[1]"
end
function __mcproxy_names # KIND: what the running daemon knows; nothing if none answers
    set -l words (commandline -opc)
    set -l socket (string match -r -g -- '--socket[ =](\\\\S+)' "$words")
    if test -n "$socket"
        $words[1] completion --names $argv[1] --socket $socket 2>/dev/null
    else
        $words[1] completion --names $argv[1] 2>/dev/null
    end
end
"""
