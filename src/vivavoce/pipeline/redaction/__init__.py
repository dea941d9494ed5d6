"""Redaction: personal data found in what was said, and placeholders in its place. The original is
not touched."""
