"""Proxy instances: each connects the downstream links of one family to its upstreams.

Changes travel one way, by *mark dirty, then pull*:

1. Something happens on a link: a report, a deadline, a new link. The querier of the link
   (Downstream) calls its owner, the ProxyInstance, with the groups whose subscription changed.
2. The instance marks these groups dirty at its upstreams and at the kernel table, by their method
   ``changed``. The call names groups and says nothing about what is wanted of them.
3. Upstreams and table pull the wish when they act upon it: an upstream at once, by
   ``UpstreamUser.wanted``; the table when it makes its next batch, by ``plan``.

So a wish is stored nowhere but in the queriers, and a group that changes ten times before the
next batch is planned once. ``wanted`` and ``plan`` are the only two calls that go back up (beside
``planned_groups``, which lists what to ask for when everything is dirty). They only read.
"""
