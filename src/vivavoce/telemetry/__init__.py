"""What the processes say about themselves: logs without secrets, and measurements."""
