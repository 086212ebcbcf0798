"""Logs: where facts and entries are made durable."""
