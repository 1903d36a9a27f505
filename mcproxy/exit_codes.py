"""Exit codes of the ``mcproxy`` program and of ``twistd mcproxy``."""

DONE, NO, WRONG_USE, NO_DAEMON, NOT_PERMITTED = range(5)
"""Done; the answer is no or the input is bad; wrong use; no daemon answers; not permitted."""
