"""The figures of this practice, in notebooks and report alike."""
