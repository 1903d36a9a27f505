"""All that is known of each option; a new option is added here, and where it takes effect.

``instance``, ``interface``, ``filters`` and ``services`` have the tables of a file. ``option``
describes a key, ``numbers``, ``texts`` and ``tables`` are the kinds of values.
"""
