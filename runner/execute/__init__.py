"""Runs the variants of a plan: keys, states, order, estimates, notebooks."""
