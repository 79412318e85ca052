"""Benchmarks: ``python -m tests.bench`` (``make bench``) measures and prints what docs/benchmarks.md tells."""
