"""docs/views.rst and docs/mcproxy-views.schema.json, made from the program.

``python -m tests.view_docs`` writes them; a test compares.
"""
