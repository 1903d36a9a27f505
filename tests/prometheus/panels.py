"""The panels of the dashboard, by the questions of an operator."""

from __future__ import annotations

from dataclasses import dataclass

TIME_SERIES, STAT, TABLE, HEATMAP = "timeseries", "stat", "table", "heatmap"

HERE = 'instance=~"$instance"'
PROXY = f'{HERE}, proxy=~"$proxy"'
UPSTREAM = "instance, family, table, interface"


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and the name of its curves."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """A panel: its title, what it tells, its unit in Grafana's words, and its queries."""

    title: str
    text: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = TIME_SERIES
    width: int = 12
    height: int = 8


def _rate(metric: str, where: str = HERE) -> str:
    return f"rate(mcproxy_{metric}{{{where}}}[$__rate_interval])"


def _quantiles(metric: str) -> tuple[Query, ...]:
    found = []
    for quantile, name in (("0.5", "half of them"), ("0.95", "95 %"), ("0.99", "99 %")):
        buckets = f"sum by (le, family) ({_rate(metric + '_bucket')})"
        expression = f"histogram_quantile({quantile}, {buckets})"
        found.append(Query(expression, f"{name}, {{{{family}}}}"))
    return tuple(found)


_LINK = "{{interface}} {{family}}"

QUESTIONS: dict[str, tuple[Panel, ...]] = {
    "Does anything flow?": (
        Panel(
            "Data that comes in",
            "Multicast data by interface, as the kernel's tables count it.",
            "bps",
            (Query(f"8 * {_rate('data_received_bytes_total')} > 0", _LINK),),
        ),
        Panel(
            "Data to the hosts",
            "Multicast data that was routed to each interface. A firewall may drop it after that.",
            "bps",
            (Query(f"8 * {_rate('data_sent_bytes_total')} > 0", _LINK),),
        ),
        Panel(
            "Joined upstream, but nothing comes in",
            "Groups that are joined on an upstream interface on which no data has come in for five "
            "minutes. mcproxy explain GROUP says where a stream stops.",
            "none",
            (
                Query(
                    f"mcproxy_upstream_groups{{{HERE}}} > 0 and on ({UPSTREAM}) "
                    f"rate(mcproxy_data_received_packets_total{{{HERE}}}[5m]) == 0",
                    _LINK,
                ),
            ),
            TABLE,
        ),
        Panel(
            "Entries in the kernel",
            "Flows that the kernel's multicast routing tables have entries for.",
            "short",
            (Query(f"mcproxy_entries{{{HERE}}}", "{{family}} table {{table}}"),),
        ),
    ),
    "Who joined?": (
        Panel(
            "Groups that hosts want",
            "Groups with members, by downstream interface.",
            "short",
            (Query(f"mcproxy_groups{{{PROXY}}}", "{{proxy}} " + _LINK),),
            width=8,
        ),
        Panel(
            "Groups joined upstream",
            "What is asked of the routers upstream.",
            "short",
            (Query(f"mcproxy_upstream_groups{{{HERE}}}", _LINK),),
            width=8,
        ),
        Panel(
            "Joins and leaves upstream",
            "Groups that began and ceased to be wanted, each second.",
            "cps",
            (
                Query(_rate("upstream_joins_total"), "joins " + _LINK),
                Query(_rate("upstream_leaves_total"), "leaves " + _LINK),
            ),
            width=8,
        ),
        Panel(
            "Messages of hosts",
            "Messages that were accepted, by type and version.",
            "cps",
            (
                Query(
                    "sum by (family, type, version) (" + _rate("messages_received_total") + ")",
                    "{{type}} v{{version}} {{family}}",
                ),
            ),
        ),
        Panel(
            "Tracked hosts",
            "Hosts with memberships, where the configuration has explicit-tracking.",
            "short",
            (Query(f"mcproxy_hosts{{{PROXY}}}", "{{proxy}} " + _LINK),),
        ),
    ),
    "What is refused?": (
        Panel(
            "Refused by the settings",
            "Valid messages that were refused, by reason. The log names hosts and settings.",
            "cps",
            (Query(f"{_rate('refusals_total', PROXY)} > 0", "{{reason}} " + _LINK),),
        ),
        Panel(
            "Dropped messages",
            "Messages that break a rule, or came faster than they could be processed.",
            "cps",
            (Query(f"{_rate('messages_dropped_total')} > 0", "{{reason}} " + _LINK),),
        ),
        Panel(
            "Denied by filters",
            "How often a filter or the boundary said no.",
            "cps",
            (Query(_rate("denials_total", PROXY), "{{proxy}} {{family}} filter {{filter}}"),),
        ),
        Panel(
            "Refused by the kernel, or not sent",
            "Changes of tables that the kernel refused, and messages that it did not send.",
            "cps",
            (
                Query(_rate("kernel_refusals_total"), "{{object}} {{family}} table {{table}}"),
                Query(f"{_rate('messages_unsent_total')} > 0", "{{type}} not sent " + _LINK),
            ),
        ),
    ),
    "Is the upstream asking?": (
        Panel(
            "Time since the last query upstream",
            "A router asks every 125 s unless it is set otherwise. Nothing is shown where none has "
            "ever asked.",
            "s",
            (Query(f"time() - mcproxy_upstream_last_query_timestamp_seconds{{{HERE}}}", _LINK),),
        ),
        Panel(
            "Version that is spoken upstream",
            "IGMPv2 and MLDv1 cannot name sources.",
            "none",
            (Query(f"mcproxy_upstream_version{{{HERE}}}", _LINK),),
            STAT,
            6,
        ),
        Panel(
            "This router is the querier (1), or another (0)",
            "Nothing is forwarded to an interface with another querier.",
            "none",
            (Query(f"mcproxy_querier{{{PROXY}}}", "{{proxy}} " + _LINK),),
            STAT,
            6,
        ),
        Panel(
            "Changes of the querier",
            "How often the querier of a downstream interface changed within an hour.",
            "short",
            (Query(f"increase(mcproxy_querier_changes_total{{{PROXY}}}[1h])", _LINK),),
        ),
        Panel(
            "Queries and reports that were sent",
            "What this daemon sends: queries to hosts, reports to routers upstream.",
            "cps",
            (
                Query(
                    "sum by (type, interface, family) (" + _rate("messages_sent_total") + ")",
                    "{{type}} " + _LINK,
                ),
            ),
        ),
    ),
    "How fast is a zap?": (
        Panel(
            "Join to report upstream",
            "From the arrival of a host's join to the report upstream.",
            "s",
            _quantiles("join_report_seconds"),
        ),
        Panel(
            "Join to entry",
            "From the arrival of a host's join until the kernel forwards.",
            "s",
            _quantiles("join_entry_seconds"),
        ),
        Panel(
            "Leave to report upstream",
            "From the arrival of the last host's leave to the report upstream; queries included, "
            "unless the configuration has immediate-leave.",
            "s",
            _quantiles("leave_report_seconds"),
        ),
        Panel(
            "All joins",
            "How many joins took how long until their report.",
            "s",
            (Query(f"sum by (le) ({_rate('join_report_seconds_bucket')})", "{{le}}"),),
            HEATMAP,
        ),
    ),
    "The daemon": (
        Panel(
            "Ready",
            "Whether the daemon forwards.",
            "none",
            (Query(f"mcproxy_ready{{{HERE}}}", "{{instance}}"),),
            STAT,
            4,
        ),
        Panel(
            "Impairments",
            "What does not work as it should; mcproxy show status lists it.",
            "none",
            (Query(f"sum by (proxy, family) (mcproxy_impairments{{{PROXY}}})", "{{proxy}}"),),
            STAT,
            4,
        ),
        Panel(
            "Age",
            "Time since the program began.",
            "s",
            (Query(f"time() - mcproxy_start_time_seconds{{{HERE}}}", "{{instance}}"),),
            STAT,
            4,
        ),
        Panel(
            "Configuration",
            "Time since the running configuration came into use.",
            "s",
            (Query(f"time() - mcproxy_configuration_timestamp_seconds{{{HERE}}}", "{{instance}}"),),
            STAT,
            4,
        ),
        Panel(
            "Restarts and changes",
            "Restarts in place, and changes of the configuration by result, within a day.",
            "short",
            (
                Query(f"increase(mcproxy_restarts_total{{{HERE}}}[1d])", "restarts"),
                Query(
                    "sum by (result) "
                    f"(increase(mcproxy_configuration_changes_total{{{HERE}}}[1d]))",
                    "{{result}}",
                ),
            ),
            width=8,
        ),
        Panel(
            "Processor time",
            "Of one processor.",
            "percentunit",
            (
                Query(
                    "rate(process_cpu_seconds_total{" + HERE + "}[$__rate_interval]) and on "
                    "(job, instance) mcproxy_ready",
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            "Memory",
            "Memory in use, private and shared.",
            "bytes",
            (
                Query(
                    f"process_resident_memory_bytes{{{HERE}}} and on (job, instance) mcproxy_ready",
                    "{{instance}}",
                ),
            ),
        ),
    ),
}
