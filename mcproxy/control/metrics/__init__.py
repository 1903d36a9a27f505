"""``/metrics``: the daemon in figures, for Prometheus and what reads its formats.

::

    definition   Metric: name, kind, labels and meaning, and how its values are read
    daemon       the process and its configuration
    links        interfaces, memberships, queriers, upstreams
    messages     messages, drops, refusals
    traffic      data that the kernel forwards, and its entries
    waiting      how long hosts wait: histograms
    groups       what ``?group=`` asks for
    metrics      METRICS, the list of all
    exposition   the text, made in slices with prometheus-client
    request      the query string
    path         ``answer``

Nothing is walked whose size grows with the groups: sizes and counts are kept where they change.
The reference in docs/reference/metrics.rst is made from METRICS.
"""
