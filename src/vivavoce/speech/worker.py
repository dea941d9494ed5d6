"""An engine's own process."""
