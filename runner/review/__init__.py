"""Several reports beside each other: a whole class's, or two of the same practice."""
