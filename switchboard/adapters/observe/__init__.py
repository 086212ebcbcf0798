"""Observation: log lines, metrics, health. They watch the loop; nothing depends on them."""
