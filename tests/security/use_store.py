"""Opens the store, prints the ids of its keys and encrypts under some. Argument, for root: the user to become first."""

import os
import sys

import kmscore
from kmscore import embedded, operations

_IMPORTED_AS_ROOT = (embedded, operations)

if sys.argv[1:]:
    os.setgroups([])
    os.setgid(int(sys.argv[1]))
    os.setuid(int(sys.argv[1]))
kms = kmscore.client("kms")
print("\n".join(key["KeyId"] for key in kms.list_keys(Limit=1000)["Keys"]))  # noqa: T201
for key in kms.list_keys(Limit=3)["Keys"]:
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
kms.close()
