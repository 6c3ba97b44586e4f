"""What is told of each exchange: logs, metrics, traces. Off unless a setting switches it on."""
