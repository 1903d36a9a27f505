"""The daemon's state as plain values: a module for each view.

Times are seconds, counted from now; addresses are text; keys are the leaf names of RFC 9398 and
RFC 8652. Rows of long views are made while they are taken: what comes or goes meanwhile may be
missing.
"""
