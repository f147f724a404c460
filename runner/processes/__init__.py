"""Processes: pools, kernels, helpers, their signals, and the settings that they are kept from."""
