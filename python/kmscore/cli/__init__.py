"""The command line: `kmscore`."""


def main() -> None:
    """Run the command line with the process's arguments."""
    from kmscore.cli.app import app

    app(prog_name="kmscore")
