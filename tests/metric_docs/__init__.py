"""docs/reference/metrics.rst, made from the list of metrics.

``python -m tests.metric_docs`` writes it; a test compares.
"""
