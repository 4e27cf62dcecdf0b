"""A store with a key of every key spec and usage, made once for the whole folder: primes take their time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from kmscore import _core
from scratch_store import ScratchStore

HOME_REGION = "us-east-1"
CHINA = "cn-north-1"

ROWS: dict[str, dict[str, list[str]]] = {row["spec"]: row["usages"] for row in _core.key_specs()}
"""Key spec -> usage -> algorithms."""
KINDS = [(spec, usage) for spec, usages in ROWS.items() for usage in usages]
KEY_PAIRS = {row["spec"] for row in _core.key_specs() if row["is_key_pair"]}

# Its primes take seconds: the other half of these combinations is made in test_generation.py.
_LONGEST = {("RSA_4096", "ENCRYPT_DECRYPT", True), ("RSA_4096", "SIGN_VERIFY", False)}


@dataclass(frozen=True, eq=False)
class MadeKey:
    """A KMS key, as CreateKey answered with it."""

    store: "MadeKeys" = field(repr=False)
    region: str
    metadata: dict[str, Any] = field(repr=False)
    spec: str
    usage: str
    multi_region: bool

    @property
    def id(self) -> str:
        """The key id."""
        found: str = self.metadata["KeyId"]
        return found

    @property
    def arn(self) -> str:
        """The key ARN."""
        found: str = self.metadata["Arn"]
        return found

    @property
    def kms(self) -> Any:
        """A client of its Region."""
        return self.store.clients[self.region]

    @property
    def algorithms(self) -> list[str]:
        """What the table of key specs has for it."""
        return ROWS[self.spec][self.usage]

    @property
    def public_key(self) -> bytes:
        """What GetPublicKey answers with."""
        found: bytes = self.kms.get_public_key(KeyId=self.id)["PublicKey"]
        return found

    @property
    def material(self) -> bytes:
        """Its stored key material, opened by the independent reader."""
        return self.store.materials()[self.id]


class MadeKeys:
    """The store, a client in each of two Regions, and the keys."""

    def __init__(self, scratch: ScratchStore) -> None:
        self.scratch = scratch
        self.clients: dict[str, Any] = {}
        self.open()
        self._materials: dict[str, bytes] = {}
        wanted = [(*kind, multi_region) for kind, multi_region in product(KINDS, (False, True))]
        # RSA keys are made two at a time; the longest first.
        wanted.sort(key=lambda combination: combination[0], reverse=True)
        with ThreadPoolExecutor(2) as pool:
            self.every = list(pool.map(lambda one: self.new(*one), [one for one in wanted if one not in _LONGEST]))
        # For the SM2 keys, which are in China.
        partners = ("SYMMETRIC_DEFAULT", "RSA_2048")
        self.partners = {spec: self.new(spec, "ENCRYPT_DECRYPT", region=CHINA) for spec in partners}

    def new(self, spec: str, usage: str, multi_region: bool = False, region: str | None = None) -> MadeKey:
        """One more key; in the Region where its spec can be had unless another is named."""
        region = region or (CHINA if spec == "SM2" else HOME_REGION)
        reply = self.clients[region].create_key(KeySpec=spec, KeyUsage=usage, MultiRegion=multi_region)
        return MadeKey(self, region, reply["KeyMetadata"], spec, usage, multi_region)

    def of(self, spec: str, usage: str | None = None) -> MadeKey:
        """The key of a spec and, where the spec has several, of a usage."""
        return next(key for key in self.every if key.spec == spec and usage in (None, key.usage))

    def all_of(self, spec: str, usage: str) -> list[MadeKey]:
        """The key of one Region and the multi-Region key."""
        return [key for key in self.every if (key.spec, key.usage) == (spec, usage)]

    def symmetric(self, region: str = HOME_REGION) -> MadeKey:
        """A symmetric encryption key in a Region."""
        return self.partners["SYMMETRIC_DEFAULT"] if region == CHINA else self.of("SYMMETRIC_DEFAULT")

    def materials(self) -> dict[str, bytes]:
        """Key id -> stored key material."""
        if not self._materials:
            self._materials = self.scratch.keys().materials
        return self._materials

    def open(self) -> None:
        """Open a client in each Region."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KMSCORE_CONFIG_HOME", str(self.scratch.configuration))
            self.clients = {region: self.scratch.client(region_name=region) for region in (HOME_REGION, CHINA)}

    def close(self) -> None:
        """Close them."""
        for kms in self.clients.values():
            kms.close()


@pytest.fixture(scope="package")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeKeys]:
    """The keys of the folder."""
    place: Path = tmp_path_factory.mktemp("key_specs")
    made = MadeKeys(ScratchStore(place / "home", place / "configuration"))
    yield made
    made.close()


def refusal(kms: Any, operation: str, **arguments: Any) -> tuple[str, str]:
    """Code and text of the error that a call must end in."""
    with pytest.raises(kms.exceptions.ClientError) as caught:
        getattr(kms, operation)(**arguments)
    return caught.value.code, caught.value.message
