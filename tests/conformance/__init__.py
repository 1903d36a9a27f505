"""The requirements of the RFCs, and the tests that show each: ``python -m tests.conformance``."""
