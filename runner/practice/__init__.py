"""The practice in hand: its parameters, network, training and measurements; the only TensorFlow."""
