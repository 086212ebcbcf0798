"""Config files to Policy, or every problem at once with file and line."""
