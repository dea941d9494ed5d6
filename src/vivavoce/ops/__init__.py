"""Composition and operations: serve, demo, children, simulate, export."""
