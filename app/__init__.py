"""Duly: a task API that lives in PostgreSQL. This package is the layer between HTTP and its functions."""

__version__ = "1.0.0"
