"""The tests.

Generated examples are the same in every run, and few enough to run all the time. With
``MCPROXY_TESTS=thorough`` in the environment they are many, and new ones each time.
"""

import os

from hypothesis import HealthCheck, settings

# A test that two families inherit has two executors; that is what is wanted here.
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
