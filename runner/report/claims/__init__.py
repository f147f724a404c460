"""What each printed number claims: its source as a small tree, in words, and in the map of evidence."""
