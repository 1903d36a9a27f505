"""From memberships and sources to the entries that the kernel should have.

There are two ways of forwarding, and an instance uses one of them:

- by group (``planner``): (*,*) and (*,G) entries that stand before the data comes, and (S,G)
  entries only for sources that a link lists,
- source by source (``per_source``): an (S,G) entry for each source that sends, where several
  upstreams or filters make sources differ. ``observed_sources`` holds the sources that send.

Both return ``planner.Route`` values; comparing them with the kernel is for others.
"""
