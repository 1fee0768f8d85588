"""The perceptron that tells distributions."""
