"""Rights for a lab, as root and as somebody else."""

from __future__ import annotations

import os
import subprocess
import sys

import pyroute2
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mcproxy.lab.daemon import PROJECT
from mcproxy.lab.privileges import NoRightsError, ensure_network_rights, has_network_rights

_NOBODY = 65534
_LAB = """
from mcproxy.lab.privileges import ensure_network_rights
ensure_network_rights()
from mcproxy.lab.topology import Lab
with Lab() as lab:
    one, other = lab.node("one"), lab.node("other")
    lab.link(one, "eth0", other, "eth0", ("10.0.0.1/24",), ("10.0.0.2/24",))
    member = other.join("239.1.1.1")
    one.burst("239.1.1.1", 3)
    other.capture("eth0")
    import time
    time.sleep(0.1)
    print(member.total())
"""
_WITH_THREAD = """
import threading
from mcproxy.lab.privileges import NoRightsError, ensure_network_rights
threading.Thread(target=threading.Event().wait, args=(1,), daemon=True).start()
try:
    ensure_network_rights()
except NoRightsError as error:
    print(error)
"""


def as_nobody(script: str) -> str:
    """What a Python program prints that an ordinary user runs; SkipTest if that cannot be."""
    # This interpreter may be in a home that others may not enter, unlike the system's.
    reason = ""
    for interpreter in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [interpreter, "-B", "-c", script],
                cwd=PROJECT,
                user=_NOBODY,
                group=_NOBODY,
                extra_groups=[],
                env={"PYTHONPATH": os.path.dirname(os.path.dirname(pyroute2.__file__))},
                capture_output=True,
                text=True,
                timeout=30,
            )
        except OSError as error:  # so it is also for the root of a user namespace
            reason = str(error)
            continue
        return done.stdout.strip() or done.stderr
    raise SkipTest(reason)


class PrivilegesTests(SynchronousTestCase):
    def test_process_with_rights_stays_as_it_is(self) -> None:
        if not has_network_rights():
            raise SkipTest("needs root")
        before = os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/net")
        try:
            ensure_network_rights()
        except NoRightsError as error:
            raise SkipTest(str(error)) from error
        after = os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/net")
        self.assertEqual(after, before)


class OrdinaryUserTests(SynchronousTestCase):
    def setUp(self) -> None:
        if os.geteuid():
            raise SkipTest("needs root, to become somebody else")
        if (printed := as_nobody("import pyroute2, mcproxy; print(1)")) != "1":
            raise SkipTest(printed)

    def test_lab_without_root_runs_in_a_user_namespace(self) -> None:
        printed = as_nobody(_LAB)
        if "not permitted" in printed:
            raise SkipTest(printed)
        self.assertEqual(printed, "3")

    def test_process_with_threads_is_refused(self) -> None:
        printed = as_nobody(_WITH_THREAD)
        self.assertIn("not permitted to make network namespaces", printed)
        self.assertNotIn("\n", printed)
