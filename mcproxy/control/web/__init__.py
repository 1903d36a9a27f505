"""The web page of the daemon: its files, and the live data that open pages show.

One ``LiveFeed`` serves all open pages: it reads the counters, makes the rows and finds what has
changed once for all of them. Without an open page it does nothing.
"""
