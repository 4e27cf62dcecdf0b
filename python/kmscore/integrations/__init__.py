"""KMS keys in other libraries: cryptography, its X.509 and PyJWT. Each module imports its library; none is needed."""
