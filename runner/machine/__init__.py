"""What of this machine variants may use: cores, memory, GPUs, and what limits them."""
