"""Benchmarks: figures to print and compare, never tests of how fast a machine is."""
