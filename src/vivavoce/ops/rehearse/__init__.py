"""Rehearsals: simulated participants walk a study before anyone is invited, on a clock that jumps."""
