"""What AWS KMS charges: a table with a date and a source, which can be replaced."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import msgspec

from kmscore._core import ParameterError


class KeyPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What keys cost a month."""

    month: float
    rotation: float
    charged_rotations: int


class AsymmetricPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What requests to key pairs cost."""

    rsa_2048: float = msgspec.field(name="RSA_2048")
    other: float


class PairPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What data key pairs cost, by their family."""

    ecc: float = msgspec.field(name="ECC")
    rsa: float = msgspec.field(name="RSA")


class RequestPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What requests cost."""

    per: int
    symmetric: float
    free: int
    asymmetric: AsymmetricPrices
    data_key_pairs: PairPrices


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of prices."""

    date: str
    source: str
    currency: str
    keys: KeyPrices
    requests: RequestPrices


def load_prices(path: str | os.PathLike[str] | None = None) -> Prices:
    """Read a table of prices.

    Args:
        path: A file in the form of the package's own `prices.toml`, which is taken when absent.

    Raises:
        ParameterError: It is no such table.
    """
    name = os.fspath(path) if path is not None else "prices.toml"
    content = Path(path).read_bytes() if path is not None else resources.files("kmscore").joinpath(name).read_bytes()
    try:
        prices = msgspec.toml.decode(content, type=Prices)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{name} is no table of prices: {error}") from error
    if prices.requests.per < 1 or _lowest(prices) < 0:
        raise ParameterError(f"{name} is no table of prices: a price is below zero, or requests are counted by none")
    return prices


def _lowest(prices: Prices) -> float:
    keys, requests = prices.keys, prices.requests
    pairs, asymmetric = requests.data_key_pairs, requests.asymmetric
    return min(
        keys.month, keys.rotation, keys.charged_rotations, requests.symmetric, requests.free, asymmetric.rsa_2048,
        asymmetric.other, pairs.ecc, pairs.rsa,
    )  # fmt: skip
