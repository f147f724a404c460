"""What bfloat16 costs in accuracy and gives in speed: pairs of trainings, kept as records, and the page."""
