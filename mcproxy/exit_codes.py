"""Exit codes of the ``mcproxy`` program and of ``twistd mcproxy``."""

DONE, NO, WRONG_USE, NO_DAEMON, NOT_PERMITTED = range(5)

MEANINGS = {
    DONE: "done",
    NO: "the answer is no, or the input is bad",
    WRONG_USE: "wrong use of the command",
    NO_DAEMON: "no daemon answers",
    NOT_PERMITTED: "not permitted",
}


def as_text() -> str:
    """The codes with their meanings, a line each, for help texts."""
    return "\n".join(f"  {code}  {meaning}" for code, meaning in MEANINGS.items())
