"""Files in the languages of other programs."""

from __future__ import annotations

SMALLEST = """
protocol IGMPv3;
pinstance myProxy: eth0 ==> eth1 eth2;
"""

MOBILE = """
protocol MLDv2;
pinstance lma(1): ==> "lma-eth0" "lma-eth1";
pinstance mag1(2): "mag1-eth0" ==> "mag1-eth1";
"""

SPLIT = """
pinstance split(10): tunU1 tunU2 ==> tunD1 tunD2;
table local { (239.0.0.0/8 | 192.168.123.0/24) (232.1.1.0 - 232.1.1.9 | *) };
pinstance split upstream tunU1 out whitelist table {tunD1(* | *)};
pinstance split downstream tunD1 in blacklist table local;
pinstance split upstream * in rulematching mutex 2000;
"""

EVERYTHING = """\
# All that the language has; the # ends ; a line
PROTOCOL igmpV2; protocol mldv1;;
PInstance "a-1" : "eth0.7" up_2 ==> upstream "in";
pinstance peers (7): p1 ==> p1 p2;
table "t-1" {
    (239.1.1.1/8 | *)           # bits beyond its prefix
    eth9(ff3e::1 | 2001:db8::/32)
    (table inner)
    (table { (232.0.0.1|192.0.2.1) (table { (* | 10.0.0.0 / 8) }) })
    (table named { (232.0.0.2 | *) })
};
table inner { (232.0.0.0-232.0.0.9 | *) "in"(* | *) };
pinstance "a-1" UPSTREAM * IN WhiteList TABLE { (* | 2001:db8::5) };
pinstance "a-1" downstream "in" out blacklist table inner;
pinstance "a-1" downstream upstream out blacklist table "t-1";
pinstance "a-1" upstream * out whitelist table mine { upstream(* | *) };
pinstance "a-1" upstream * in rulematching first;
pinstance "a-1" upstream up_2 out rulematching first;
pinstance "a-1" downstream * out rulematching all
""".replace("eth9(", "up_2(")

IGMPPROXY = """\
# A home
quickleave
hashtablesize 64
user nobody
chroot /var/empty
phyint eth0 upstream  ratelimit 0  threshold 1
        altnet 10.0.0.0/8   # the provider
        altnet 192.168.0.0/16
        whitelist 239.0.0.0/8
phyint eth1 downstream  ratelimit 0  threshold 5
        whitelist 239.1.0.0/16 whitelist 232.0.0.0/8
phyint eth2 downstream altnet 10.9.0.0/16
phyint eth0:1 disabled
"""
