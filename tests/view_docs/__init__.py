"""docs/reference/views.rst and docs/reference/mcproxy-views.schema.json, made from the program.

``python -m tests.view_docs`` writes them; a test compares.
"""
