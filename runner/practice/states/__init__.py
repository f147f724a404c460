"""States of trainings: the chain of their hashes, and an epoch trained again from one."""
