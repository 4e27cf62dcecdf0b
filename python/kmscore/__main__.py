"""`python -m kmscore` is the command line."""

from kmscore.cli import main

if __name__ == "__main__":
    main()
