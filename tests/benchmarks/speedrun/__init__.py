"""How long CIFAR-10 takes on two cores: the recipe and published ones, on the same images."""
