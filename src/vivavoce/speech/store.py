"""The model store: pulled once, verified by hash, offline after."""
