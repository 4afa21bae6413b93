"""Benchmarks report ratios within one run; they are not timed tests."""
