"""A process that reads proofs from its input and prints, as JSON, which do not hold."""

import json
import sys

import kmscore
from key_specs.proofs import broken, from_json


def main() -> None:
    """Check them all."""
    proofs = from_json(sys.stdin.read())
    clients = {region: kmscore.client("kms", region_name=region) for region in {proof.region for proof in proofs}}
    print(json.dumps({"checked": len(proofs), "broken": broken(proofs, clients)}))  # noqa: T201


if __name__ == "__main__":
    main()
