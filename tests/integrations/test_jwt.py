"""JSON Web Tokens signed in KMS, verified by PyJWT with the published keys."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import kmscore
from integrations.conftest import Create, creator
from integrations.kms_mimic import MimicClient, Recorder
from kmscore.integrations.jwt import encode, jwk, jwks, signing_key
from kmscore.integrations.private_keys import private_key

PAYLOAD = {"sub": "alice", "admin": False, "naïve": [1, None, "ü"]}
SPECS = [
    ("ECC_NIST_P256", "ES256"),
    ("ECC_NIST_P384", "ES384"),
    ("ECC_NIST_P521", "ES512"),
    ("ECC_SECG_P256K1", "ES256K"),
    ("ECC_NIST_EDWARDS25519", "EdDSA"),
]
RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


def key_id(arn: str) -> str:
    return arn.rpartition("/")[2]


@pytest.mark.parametrize(("spec", "algorithm"), SPECS)
def test_token_of_every_spec_is_verified_with_the_published_key(
    client: Any, create: Create, spec: str, algorithm: str
) -> None:
    arn = create(spec)
    key = signing_key(client, arn)
    token = key.encode(PAYLOAD)
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": key_id(arn), "typ": "JWT"}
    assert jwt.decode(token, jwt.PyJWK(key.jwk()), algorithms=[algorithm]) == PAYLOAD
    public: Any = kmscore.public_key(client.get_public_key(KeyId=arn))
    assert jwt.decode(token, public, algorithms=[algorithm]) == PAYLOAD
    assert jwt.decode(encode(PAYLOAD, client, arn), public, algorithms=[algorithm]) == PAYLOAD


def test_rsa_key_signs_with_each_of_its_algorithms(client: Any, create: Create) -> None:
    arn = create("RSA_2048")
    assert signing_key(client, arn).algorithm == "RS256"
    for algorithm in RSA:
        key = signing_key(client, arn, algorithm)
        assert jwt.decode(key.encode(PAYLOAD), jwt.PyJWK(key.jwk()), algorithms=RSA) == PAYLOAD
        assert key.jwk()["alg"] == algorithm
        assert jwt.get_unverified_header(encode({}, client, arn, algorithm=algorithm))["alg"] == algorithm


@pytest.mark.parametrize(("spec", "algorithm"), [*SPECS, ("RSA_2048", "RS256"), ("RSA_2048", "PS512")])
def test_pyjwts_own_encode_takes_a_private_key_in_kms(client: Any, create: Create, spec: str, algorithm: str) -> None:
    key: Any = private_key(client, create(spec))
    token = jwt.encode(PAYLOAD, key, algorithm=algorithm)
    assert jwt.decode(token, key.public_key(), algorithms=[algorithm]) == PAYLOAD


def test_token_finds_its_key_in_the_published_set(client: Any, create: Create) -> None:
    arns = [create(spec) for spec, _ in SPECS] + [create("RSA_2048")]
    published = jwt.PyJWKSet.from_dict(json.loads(json.dumps(jwks(client, arns))))
    for arn in arns:
        token = encode({"sub": arn}, client, arn)
        header = jwt.get_unverified_header(token)
        assert jwt.decode(token, published[header["kid"]], algorithms=[header["alg"]]) == {"sub": arn}
    other = published[key_id(arns[0])]
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(encode({}, client, create("ECC_NIST_P256")), other, algorithms=["ES256"])


@pytest.mark.parametrize(
    ("spec", "members"),
    [
        ("RSA_2048", {"kty": "RSA", "alg": "RS256", "e": "AQAB"}),
        ("ECC_NIST_P256", {"kty": "EC", "alg": "ES256", "crv": "P-256"}),
        ("ECC_SECG_P256K1", {"kty": "EC", "alg": "ES256K", "crv": "secp256k1"}),
        ("ECC_NIST_EDWARDS25519", {"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519"}),
    ],
)
def test_published_key_has_nothing_but_public_members(
    client: Any, create: Create, spec: str, members: dict[str, str]
) -> None:
    arn = create(spec)
    published = jwk(client, arn)
    assert published.items() >= {**members, "kid": key_id(arn), "use": "sig"}.items()
    assert not published.keys() & {"d", "p", "q", "dp", "dq", "qi", "k", "key_ops"}


def test_headers_are_added_and_may_name_another_kid(client: Any, create: Create) -> None:
    key = signing_key(client, create("ECC_NIST_P256"))
    token = key.encode(PAYLOAD, {"kid": "2026-11", "typ": "at+jwt"})
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "2026-11", "typ": "at+jwt"}
    assert jwt.decode(token, jwt.PyJWK(key.jwk()), algorithms=["ES256"]) == PAYLOAD


@pytest.mark.parametrize("algorithm", ["none", "HS256", None])
def test_headers_cannot_change_the_algorithm(algorithm: str | None) -> None:
    mimic = MimicClient()
    arn = creator(mimic)("ECC_NIST_P256")
    with pytest.raises(ValueError, match="headers has an alg: it is ES256, by the key"):
        encode(PAYLOAD, mimic, arn, headers={"alg": algorithm})


@pytest.mark.parametrize(
    ("spec", "algorithm", "signs"),
    [
        ("ECC_NIST_P256", "ES384", "ES256"),
        ("ECC_NIST_P256", "ES256K", "ES256"),
        ("ECC_NIST_P256", "none", "ES256"),
        ("RSA_2048", "HS256", "RS256, RS384, RS512, PS256, PS384, PS512"),
        ("RSA_2048", "", "RS256, "),
    ],
)
def test_algorithm_of_another_key_is_refused(spec: str, algorithm: str, signs: str) -> None:
    mimic = MimicClient()
    arn = creator(mimic)(spec)
    for use in (signing_key, lambda *given: encode({}, *given[:2], algorithm=given[2])):
        with pytest.raises(ValueError, match=f"algorithm is '{algorithm}': a key of KeySpec {spec} signs {signs}"):
            use(mimic, arn, algorithm)


def test_key_that_signs_no_tokens_is_refused_before_anything_is_sent(client: Any, create: Create) -> None:
    recorder = Recorder(client)
    encrypting, agreeing = create("RSA_2048", "ENCRYPT_DECRYPT"), create("ECC_NIST_P256", "KEY_AGREEMENT")
    for arn in (encrypting, agreeing):
        with pytest.raises(ValueError, match=f"{arn} has KeyUsage .*: this needs a key of KeyUsage SIGN_VERIFY"):
            encode(PAYLOAD, recorder, arn)
        with pytest.raises(ValueError, match=f"{arn} has KeyUsage"):
            jwks(recorder, [arn])
    arn = create("ML_DSA_44")
    with pytest.raises(ValueError, match=f"{arn} is of KeySpec ML_DSA_44: PyJWT has no algorithm for it"):
        encode(PAYLOAD, recorder, arn)
    assert set(recorder.names) == {"get_public_key"}


def test_long_token_is_signed_but_not_with_ed25519(client: Any, create: Create) -> None:
    payload = {"text": "x" * 10_000}
    key = signing_key(client, create("ECC_NIST_P256"))
    assert jwt.decode(key.encode(payload), jwt.PyJWK(key.jwk()), algorithms=["ES256"]) == payload
    with pytest.raises(ValueError, match=r"data is 13,\d{3} bytes: with Ed25519, KMS signs 1 to 4,096"):
        encode(payload, client, create("ECC_NIST_EDWARDS25519"))


def test_key_is_described_once_for_many_tokens(client: Any, create: Create) -> None:
    recorder = Recorder(client)
    key = signing_key(recorder, create("ECC_NIST_P256"))
    key.jwk()
    for number in range(3):
        key.encode({"n": number})
    assert recorder.names == ["get_public_key", "sign", "sign", "sign"]
    assert isinstance(key.private_key, ec.EllipticCurvePrivateKey)


def test_one_str_is_no_set_of_keys() -> None:
    with pytest.raises(TypeError, match="key_ids must be several key identifiers, not one str"):
        jwks(MimicClient(), "alias/app")


def test_payload_that_is_no_json_is_refused() -> None:
    mimic = MimicClient()
    with pytest.raises(TypeError, match="bytes"):
        encode({"a": b"x"}, mimic, creator(mimic)("ECC_NIST_P256"))
    with pytest.raises(TypeError, match="Issuer"):
        encode({"iss": 5}, mimic, creator(mimic)("ECC_NIST_P256"))


def test_published_key_of_moto_is_its_public_key(moto_client: Any) -> None:
    arn = creator(moto_client)("ECC_NIST_P256")
    published: Any = jwt.PyJWK(jwk(moto_client, arn)).key
    assert published == kmscore.public_key(moto_client.get_public_key(KeyId=arn))
    assert jwk(moto_client, arn)["kid"] == key_id(arn)
