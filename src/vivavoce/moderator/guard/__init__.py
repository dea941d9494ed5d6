"""Keeps from the participant's ear what a model should not have said: judges, their chain, the watch and the gate."""
