"""Recurrence rules (RFC 5545, RFC 7529). It imports nothing of ours."""
