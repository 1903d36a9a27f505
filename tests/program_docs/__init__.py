"""docs/reference/commands.rst and docs/reference/events.rst, made from the program.

``python -m tests.program_docs`` writes them; a test compares.
"""
