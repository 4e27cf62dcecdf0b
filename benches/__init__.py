"""Benchmarks: kmscore beside its limits and its peers (`make bench`)."""
