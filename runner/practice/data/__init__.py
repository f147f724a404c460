"""The practice's data sets: where they come from, and how they are checked."""
