"""Filters: which data and memberships may pass at which interface.

``filters`` compiles the rules of a configured table into a CompiledFilter with a fast lookup;
``rule_index`` is the geometry behind it. ``directional_filters`` gives the filters of an
instance by interface, role and direction; its PASS_ALL stands for interfaces without rules.
Filters have no state and no timers: a new configuration creates new ones.
"""
