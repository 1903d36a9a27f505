"""What RFCs ask for, beside the tests that show it: ``python -m tests.conformance``."""
