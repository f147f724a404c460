"""One style for all figures, and how they are drawn and kept."""
