"""docs/reference/views.rst and the JSON files beside it, made from the program.

``python -m tests.view_docs`` writes them; a test compares.
"""
