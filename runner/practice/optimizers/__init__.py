"""Optimizers that this practice has of its own."""
