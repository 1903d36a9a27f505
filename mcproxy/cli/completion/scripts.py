"""The scripts for bash, zsh and fish.

bash and zsh share two functions, which print the words that may follow, each with its meaning
after a tab. fish has a statement for each word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shlex import quote

from .. import SHORT_FORMS
from .words import FILES, LINKS, Choice, Command, commands

Values = tuple[Choice, ...] | str


def script(shell: str) -> str:
    """The script for a shell: bash, zsh or fish."""
    known = commands()
    if shell == "fish":
        from .fish import lines

        return "\n".join(lines(known)) + "\n"
    head = "#compdef mcproxy\n" if shell == "zsh" else ""
    made = f"# Made by: mcproxy completion {shell}\n"
    return head + made + _shared(known) + (_BASH if shell == "bash" else _ZSH)


def printed(values: Values) -> str:
    """A statement of bash and zsh that prints these values; ``$1`` is the control socket."""
    if values == FILES:
        return "echo @files"
    if values == LINKS:
        return "command ls /sys/class/net 2>/dev/null"
    if isinstance(values, str):
        return f"_mcproxy_names {values.removeprefix('@')}"
    words = (f"{one.word}\t{one.meaning}" for one in values)
    return f"printf '%s\\n' {' '.join(map(quote, words))}" if values else ":"


def _shared(known: list[Command]) -> str:
    """The functions with what follows a command, and what the value of an option may be."""
    return _TEMPLATE.format(
        paths="|".join(f"'{' '.join(one.path)}'" for one in known),
        short="\n".join(f"        {short}) word={word} ;;" for short, word in SHORT_FORMS.items()),
        valued=" ".join(sorted({word for one in known for word in _valued(one)})),
        options=_cases(
            (
                " ".join(one.path),
                printed(tuple(Choice(w, o.meaning) for o in one.options for w in o.words)),
            )
            for one in known
        ),
        values=_cases(
            (f"{' '.join(one.path)}:{word}", printed(option.values))
            for one in known
            for option in one.options
            for word in option.words
            if option.takes_value
        ),
        arguments=_cases(
            (f"{' '.join(one.path)}:{number}", printed(values))
            for one in [*known, _program(known)]
            for number, values in enumerate(one.arguments)
        ),
    )


def _program(known: list[Command]) -> Command:
    """The program itself, whose first argument is a subcommand."""
    words = tuple(Choice(one.path[0], one.meaning) for one in known if len(one.path) == 1)
    return Command((), "", (), (words,))


def _valued(command: Command) -> Iterator[str]:
    for option in command.options:
        if option.takes_value:
            yield from option.words


def _cases(cases: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"        {quote(case)}) {statement} ;;" for case, statement in cases)


_TEMPLATE = """\
_mcproxy_names() {{ # KIND: what the running daemon knows; nothing if none answers
    if [ -n "$_mcproxy_socket" ]; then
        "$_mcproxy_program" completion --names "$1" --socket "$_mcproxy_socket" 2>/dev/null
    else
        "$_mcproxy_program" completion --names "$1" 2>/dev/null
    fi
}}

_mcproxy_options() {{
    case "$1" in
{options}
    esac
}}

_mcproxy_values() {{
    case "$1" in
{values}
    esac
}}

_mcproxy_arguments() {{
    case "$1" in
{arguments}
    esac
}}

# What may follow the words of a command line; the last one is what is being written.
_mcproxy_following() {{
    local _mcproxy_program="$1" _mcproxy_socket="" at="" before="" word="" count=0
    shift
    while [ $# -gt 1 ]; do
        word="$1"
        shift
        case "$before" in
            --socket) _mcproxy_socket="$word" ;;
        esac
        case " {valued} " in
            *" $before "*) before=""; continue ;;
        esac
        before="$word"
        case "$word" in
            -*) continue ;;
{short}
        esac
        case "${{at:+$at }}$word" in
            {paths}) at="${{at:+$at }}$word"; count=0 ;;
            *) count=$((count + 1)) ;;
        esac
    done
    case " {valued} " in
        *" $before "*) _mcproxy_values "$at:$before"; return ;;
    esac
    case "$1" in
        --*=*) _mcproxy_values "$at:${{1%%=*}}" ;;
        -*) _mcproxy_options "$at" ;;
        *) _mcproxy_arguments "$at:$count" ;;
    esac
}}
"""

_BASH = r"""
_mcproxy() {
    local written="${COMP_LINE:0:COMP_POINT}" word following line
    local -a words
    read -ra words <<< "$written"
    case "$written" in
        *[[:space:]]) words+=("") ;;
    esac
    word="${words[${#words[@]}-1]}"
    following="$(_mcproxy_following "${words[@]}")"
    case "$word" in
        --*=*) word="${word#*=}" ;;
    esac
    COMPREPLY=()
    if [ "$following" = @files ]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
        return
    fi
    # bash takes a colon, as addresses of IPv6 have it, for the end of a word.
    local colon=""
    case "$word" in
        *:*) case "$COMP_WORDBREAKS" in *:*) colon="${word%"${word##*:}"}" ;; esac ;;
    esac
    while IFS= read -r line; do
        line="${line%%$'\t'*}"
        case "$line" in
            "$word"*) [ -n "$line" ] && COMPREPLY+=("${line#"$colon"}") ;;
        esac
    done <<< "$following"
}

complete -F _mcproxy mcproxy
"""

_ZSH = r"""
_mcproxy() {
    local following line
    local -a described
    following="$(_mcproxy_following "${(@)words[1,CURRENT]}")"
    case "$PREFIX" in
        --*=*) compset -P '*=' ;;
    esac
    if [ "$following" = @files ]; then
        _files
        return
    fi
    for line in "${(@f)following}"; do
        [ -n "$line" ] || continue
        described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe 'mcproxy' described
}

if [ "$funcstack[1]" = _mcproxy ]; then
    _mcproxy "$@"
else
    compdef _mcproxy mcproxy
fi
"""
