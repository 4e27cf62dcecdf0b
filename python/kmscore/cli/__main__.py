"""`python -m kmscore.cli` is the command line, too."""

from kmscore.cli import main

if __name__ == "__main__":
    main()
