"""Kernels that are there before they are needed, from a server per environment."""
