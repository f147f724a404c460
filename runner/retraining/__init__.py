"""Training again from a finished report: one epoch, or one variant, against what the report says."""
