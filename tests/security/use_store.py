"""Opens the store and prints the ids of its keys."""

import kmscore

kms = kmscore.client("kms")
print("\n".join(key["KeyId"] for key in kms.list_keys(Limit=1000)["Keys"]))  # noqa: T201
for key in kms.list_keys(Limit=3)["Keys"]:
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
kms.close()
