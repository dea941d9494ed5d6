"""The speech server's HTTP surface."""
