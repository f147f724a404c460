"""What finished and failed variants leave, as frozen records, and how it is read."""
