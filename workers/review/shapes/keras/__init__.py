"""Keras and TensorFlow 1."""
