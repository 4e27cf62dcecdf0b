"""A process whose memory is searched. It works, prints blobs and messages as a line of JSON, and waits to be let go.

Arguments: `drop` (use a store, close the client, wait) or `live` (the same, without closing), with `key-specs` to use
keys of every key spec instead of symmetric ones; or `hold` and a number: keep as many needles, each of which arrives on
standard input as a line of hex.
"""

import gc
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from security.use_key_specs import use_key_specs


def main() -> None:
    """Work and wait."""
    mode = sys.argv[1]
    os.chdir(Path(os.environ["KMSCORE_HOME"]).parent)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    held = [bytes.fromhex(sys.stdin.readline()) for _ in range(int(sys.argv[2]))] if mode == "hold" else []
    blobs: list[str] = []
    use = use_key_specs if sys.argv[2:] == ["key-specs"] else use_store
    client = None if mode == "hold" else use(blobs)
    if client is not None and mode != "live":
        client.close()
        del client
        gc.collect()
    print(json.dumps(blobs), flush=True)  # noqa: T201
    sys.stdin.read()
    # Until here the needles were needed.
    print(len(held))  # noqa: T201


def use_store(made: list[str]) -> Any:
    """Calls of every kind, refusals among them, from four threads' worth of batches."""
    import logging

    logging.basicConfig(filename=Path(os.environ["KMSCORE_HOME"]).with_name("child.log"), level=logging.DEBUG)
    import kmscore

    kms = kmscore.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    kms.create_alias(AliasName="alias/one", TargetKeyId=keys[0])
    for key_id in keys:
        for _ in range(50):
            blob = kms.encrypt(KeyId=key_id, Plaintext=b"x" * 32, EncryptionContext={"a": "b"})["CiphertextBlob"]
            kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
        made.append(blob.hex())
        kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")
        blobs = kms.encrypt_batch(KeyId=key_id, Plaintexts=[b"row"] * 1000)
        kms.decrypt_batch(CiphertextBlobs=blobs)
        try:
            kms.decrypt(CiphertextBlob=blob[:-1] + b"\0\0", EncryptionContext={"a": "b"})
        except kms.exceptions.InvalidCiphertextException:
            logging.getLogger(__name__).exception("refused as it must be")
    made += [message.hex() for message in use_envelopes(kms, keys[0])]
    kms.disable_key(KeyId=keys[1])
    return kms


def use_envelopes(kms: Any, key_id: str) -> list[bytes]:
    """Messages of every kind; returns four: on two threads, in a batch, under RSA, under ML-KEM."""
    from kmscore import envelope

    ring = envelope.KmsKeyring(kms, generator=key_id)
    cached = envelope.CachingKeyring(ring, max_age=600)
    context = {"a": "b"}
    messages = [envelope.encrypt(bytes(2_000_000), ring, encryption_context=context, threads=2)]
    messages += envelope.encrypt_batch([b"row"] * 100, cached, encryption_context=context)[:1]
    for message in messages:
        envelope.decrypt(message, ring, threads=2)
        envelope.decrypt_batch([message], cached)
        Path("message").write_bytes(message)
        with envelope.open("message", ring) as file:
            file.read(1)
        envelope.decrypt_file("message", "plaintext", ring, overwrite=True)
    signed = envelope.encrypt(b"x", ring, algorithm_suite=0x0578)
    envelope.decrypt(signed, ring)
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    ml_kem = kms.create_key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["Arn"]
    for hybrid in (envelope.KmsRsaKeyring(rsa, client=kms), envelope.KmsMlKemKeyring(ml_kem, client=kms)):
        messages.append(envelope.encrypt(b"x", hybrid, encryption_context=context))
        envelope.decrypt(messages[-1], hybrid)
    return messages


if __name__ == "__main__":
    main()
