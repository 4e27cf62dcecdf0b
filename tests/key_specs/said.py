"""What the tests of this folder want to be read at the end of a run."""

SAID: list[str] = []
