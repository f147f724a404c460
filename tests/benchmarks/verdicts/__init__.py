"""How often verdicts are wrong, and what they can show: trainings that differ in their seed, or by little."""
