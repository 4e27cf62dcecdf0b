"""Texts of AWS KMS's errors that tests of several folders expect."""

UNKNOWN_KEY = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)
"""Of an unnamed key, whether there is none or the caller may not use it."""
