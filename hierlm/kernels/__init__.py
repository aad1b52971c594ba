"""Compiled numerics: arrays in, numbers out; no statistics vocabulary above the maths."""
