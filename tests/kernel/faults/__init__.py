"""Faults that tests stage, each in a network of its own, with what ``explain`` says of them.

The table in docs/troubleshooting/index.rst is made from these definitions.
"""
