"""A process that makes a key for each key spec that it reads, and prints the key's id."""

import sys

import kmscore


def main() -> None:
    """Make keys until the input ends."""
    with kmscore.client("kms", region_name="us-east-1") as kms:
        print("ready", flush=True)  # noqa: T201
        for line in sys.stdin:
            made = kms.create_key(KeySpec=line.strip(), KeyUsage="SIGN_VERIFY")
            print(made["KeyMetadata"]["KeyId"], flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
