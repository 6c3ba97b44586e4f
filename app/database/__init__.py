"""One statement, one round trip."""
