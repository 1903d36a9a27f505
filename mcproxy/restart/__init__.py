"""Restart: another process continues where this one ends, and no stream is interrupted.

The kernel forwards by entries that belong to a socket, and keeps them while anybody has that
socket open. So a restart hands over sockets and a description of what the kernel does not
know. The whole sequence:

1. While the daemon runs, each table records its virtual interfaces in a memfd, before the
   kernel gets them (``linux.mroute.vif_record``). Where the service manager has a descriptor
   store, ``store`` puts the table's socket and this record there, so that they survive a crash.
2. A restart is asked for: ``mcproxy restart``, or SIGUSR2. ``control.changes`` reads the file
   and tries out what the next process could be refused. ``handoff`` waits until nothing is under
   way in the kernel's tables, and writes the saved state (``state``, ``codec``):
   memberships with their timers, versions of upstream queriers, upstreams that failed.
3. Either the process becomes the next one (exec): descriptors stay open and the environment
   variable MCPROXY_INHERITED names them. Or, on SIGUSR2 under a service manager with a store,
   the saved state goes into the store too and the process exits without giving anything back;
   the service manager starts the next one and passes the descriptors (sd_listen_fds).
4. The next process sorts the descriptors by name (``inherited``): tables, saved state, and the
   sockets by which hosts' reports reach us, which stay open until ours have joined too.
5. Routing adopts each inherited table when the configuration opens it (``routing.adopt``). An
   adopted table is held: the kernel forwards on, and nothing in it is changed.
6. When all links are known, ``resume`` gives queriers their memberships back. Without saved
   state, after a crash, memberships are rebuilt from the kernel's entries.
7. ``Routing.release_hold``: what owners want now is compared with the adopted entries, and only
   the difference goes to the kernel. Inherited descriptors that nobody needs are closed, and
   the saved state is deleted from the store, so that no later process resumes from it.
"""
