"""Simulated participants: hold whole interviews, and measure the agent as a person would hear it."""

from vivavoce.ops.simulate.call import LINES, Plan, Transport
from vivavoce.ops.simulate.participant import Manner, Repertoire
from vivavoce.ops.simulate.report import Report, Spread
from vivavoce.ops.simulate.run import LATE_S, simulate

__all__ = ["LATE_S", "LINES", "Manner", "Plan", "Repertoire", "Report", "Spread", "Transport", "simulate"]
