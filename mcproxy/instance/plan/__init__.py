"""The configuration compiled into plans, and the steps from one plan to another.

``plan`` compiles, ``conflicts`` finds contradictions, ``compare`` lists the ``steps`` between two
plans. The other modules plan one part each.
"""
