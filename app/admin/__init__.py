"""What an operator runs: migrations, the audit, tokens and passes, and the health check of a container."""
