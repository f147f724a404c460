"""From HTML to a PDF that is the same everywhere."""
