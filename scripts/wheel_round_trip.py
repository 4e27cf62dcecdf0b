"""What a newcomer does first, run by `check_wheel.py` inside an empty environment that holds only the wheel."""

import importlib.util
import shutil
import sys

import kmscore

CONTEXT = {"purpose": "wheel"}


def main() -> None:
    """Make a key, encrypt one value and a batch, decrypt both, and see a disabled key refuse."""
    for compiler in ("cc", "gcc", "clang", "cargo"):
        if shutil.which(compiler):
            raise SystemExit(f"{compiler} is in reach: this environment proves nothing")
    kms = kmscore.client("kms", region_name="us-east-1")
    key = kms.create_key(Description="wheel")["KeyMetadata"]["KeyId"]

    blob = kms.encrypt(KeyId=key, Plaintext=b"one value", EncryptionContext=CONTEXT)["CiphertextBlob"]
    if kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] != b"one value":
        raise SystemExit("Decrypt gave another value back")

    rows = [b"row %d" % number for number in range(1000)]
    sealed = kms.encrypt_batch(KeyId=key, Plaintexts=rows, EncryptionContext=CONTEXT)
    if kms.decrypt_batch(CiphertextBlobs=sealed, EncryptionContext=CONTEXT) != rows:
        raise SystemExit("decrypt_batch gave other rows back")

    kms.disable_key(KeyId=key)
    try:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    except kms.exceptions.DisabledException:
        pass
    else:
        raise SystemExit("a disabled key decrypted")

    extras = [name for name in ("numpy", "pyarrow", "boto3", "cryptography") if importlib.util.find_spec(name)]
    version = ".".join(map(str, sys.version_info[:3]))
    print(
        f"{version} round trip of 1,001 values, disabled key refused, extras installed: {', '.join(extras) or 'none'}"
    )


if __name__ == "__main__":
    main()
