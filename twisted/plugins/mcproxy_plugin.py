"""Makes ``twistd mcproxy`` known."""

from twisted.application.service import ServiceMaker

mcproxy = ServiceMaker(  # type: ignore[no-untyped-call]  # untyped in Twisted
    "mcproxy", "mcproxy.tap", "An IGMP/MLD proxy: multicast from an upstream link.", "mcproxy"
)
