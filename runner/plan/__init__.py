"""From the experiments file to the list of variants."""
