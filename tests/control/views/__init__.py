"""Views of an instance among neighbours that are played by the test."""
