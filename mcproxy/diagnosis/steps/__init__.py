"""The steps of an explanation, from the hosts to the source: pure functions of the evidence."""
