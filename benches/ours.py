"""kmscore's own ways to encrypt rows, in the shape that its peers have."""

from benches.peers import Peer, Rows
from kmscore import KMSClient


def one_by_one(kms: KMSClient, key: str, context: dict[str, str], sample: int) -> Peer:
    """One authorised and audited call a row."""
    return Peer(
        "kmscore, call by call",
        sample,
        lambda rows: [
            kms.encrypt(KeyId=key, Plaintext=row, EncryptionContext=context)["CiphertextBlob"] for row in rows
        ],
        lambda blobs: [kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] for blob in blobs],
    )


def batch(kms: KMSClient, key: str, context: dict[str, str], sample: int, *, threads: int, contiguous: bool) -> Peer:
    """One authorised and audited call for all rows: a list of bytes, or one Arrow column."""
    name = "kmscore " + ("Arrow" if contiguous else "list") + (f", {threads} threads" if threads > 1 else "")

    def encrypt(rows: Rows) -> Rows:
        blobs: Rows = kms.encrypt_batch(KeyId=key, Plaintexts=rows, EncryptionContext=context, threads=threads)
        return blobs

    def decrypt(blobs: Rows) -> Rows:
        rows: Rows = kms.decrypt_batch(CiphertextBlobs=blobs, EncryptionContext=context, threads=threads)
        return rows

    return Peer(name, sample, encrypt, decrypt, contiguous)
