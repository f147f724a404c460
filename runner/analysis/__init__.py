"""What the results show: comparisons, intervals, seeds, times, choices."""
