"""kmscore's own ways to encrypt rows, in the shape that its peers have."""

from typing import Any

from benches.peers import Peer, Rows


def one_by_one(kms: Any, key: str, context: dict[str, str], sample: int) -> Peer:
    """One authorised and audited call a row."""
    return Peer(
        "kmscore, one call a row",
        sample,
        lambda rows: [
            kms.encrypt(KeyId=key, Plaintext=row, EncryptionContext=context)["CiphertextBlob"] for row in rows
        ],
        lambda blobs: [kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] for blob in blobs],
    )


def batch(kms: Any, key: str, context: dict[str, str], sample: int, *, threads: int, contiguous: bool) -> Peer:
    """One authorised and audited call for all rows: a list of bytes, or one Arrow column."""
    shape = "Arrow column" if contiguous else "list of bytes"
    plural = "s" if threads > 1 else ""

    def encrypt(rows: Rows) -> Rows:
        blobs: Rows = kms.encrypt_batch(KeyId=key, Plaintexts=rows, EncryptionContext=context, Threads=threads)
        return blobs

    def decrypt(blobs: Rows) -> Rows:
        rows: Rows = kms.decrypt_batch(CiphertextBlobs=blobs, EncryptionContext=context, Threads=threads)
        return rows

    return Peer(f"kmscore batch, {shape}, {threads} thread{plural}", sample, encrypt, decrypt, contiguous)
