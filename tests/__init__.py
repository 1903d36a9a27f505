"""The tests.

By default, hypothesis generates few examples, and the same ones in every run. With
``MCPROXY_TESTS=thorough`` in the environment it generates many, and new ones in each run.
"""

import os

from hypothesis import HealthCheck, settings

# Two test cases, one per family, inherit the same test: "differing executors" is intended.
_ALLOWED = [HealthCheck.differing_executors, HealthCheck.too_slow]

settings.register_profile(
    "quick",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_ALLOWED,
)
settings.register_profile(
    "thorough", max_examples=3000, deadline=None, database=None, suppress_health_check=_ALLOWED
)
settings.load_profile(os.environ.get("MCPROXY_TESTS", "quick"))
