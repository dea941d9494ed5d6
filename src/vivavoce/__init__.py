"""Viva Voce: self-hosted spoken interviews led by an AI moderator."""

__version__ = "0.1.0"
