"""Makes ``twistd mcproxy`` known."""

from twisted.application.service import ServiceMaker

mcproxy = ServiceMaker(
    "mcproxy", "mcproxy.tap", "An IGMP/MLD proxy: multicast from an upstream link.", "mcproxy"
)
