"""Readers of kmscore's formats written from docs/formats.md alone; they share no code with the engine."""
