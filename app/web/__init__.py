"""What any HTTP API needs. It knows no task and no database."""
