"""From a bearer token to an Identity."""
