"""The worker: sends reminders and events to webhooks. See worker.py."""
