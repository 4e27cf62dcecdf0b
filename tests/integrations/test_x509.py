"""Requests, certificates and an authority whose keys are in KMS, checked by cryptography and by OpenSSL."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from integrations.conftest import Create, creator
from integrations.kms_mimic import MimicClient, Recorder
from integrations.test_public_keys import SM2
from kmscore.integrations.private_keys import KmsEd25519PrivateKey, private_key
from kmscore.integrations.x509 import CertificateAuthority, create_csr, self_signed

DAY = timedelta(days=1)
SUBJECT = "CN=app.example.com,O=Example"
SPECS = [
    "RSA_2048",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
]
# OpenSSL before 3.5 has no ML-DSA.
CLASSICAL = SPECS[:6]
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")


def openssl(*arguments: str | Path) -> str:
    ran = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def written(folder: Path, name: str, *documents: x509.Certificate | x509.CertificateSigningRequest) -> Path:
    path = folder / name
    path.write_bytes(b"".join(document.public_bytes(Encoding.PEM) for document in documents))
    return path


def extension(document: Any, kind: Any) -> Any:
    return document.extensions.get_extension_for_class(kind)


@pytest.fixture
def authority(client: Any, create: Create) -> CertificateAuthority:
    """A root whose key is on P-256."""
    return CertificateAuthority.create_root(client, create("ECC_NIST_P256"), "CN=Root", lifetime=30 * DAY)


@pytest.fixture
def csr(client: Any, create: Create) -> x509.CertificateSigningRequest:
    """A request for app.example.com."""
    return create_csr(client, create("ECC_NIST_P256"), SUBJECT, san=["app.example.com", "192.0.2.7", "2001:db8::1"])


@pytest.fixture
def local() -> ec.EllipticCurvePrivateKey:
    """A key that is not in KMS."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def mimic_authority() -> CertificateAuthority:
    """A root that may have authorities below it, where it does not matter which KMS it stands on."""
    mimic = MimicClient()
    arn = creator(mimic)("ECC_NIST_P256")
    return CertificateAuthority.create_root(mimic, arn, "CN=Root", lifetime=30 * DAY, path_length=1)


@pytest.mark.parametrize("spec", SPECS)
def test_request_of_every_signing_spec_is_signed_by_its_key(client: Any, create: Create, spec: str) -> None:
    arn = create(spec)
    csr = create_csr(client, arn, SUBJECT, san=["app.example.com", "192.0.2.7"])
    assert csr.is_signature_valid
    assert csr.public_key() == private_key(client, arn).public_key()
    assert csr.subject.rfc4514_string() == SUBJECT
    names = extension(csr, x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["app.example.com"]
    assert [str(address) for address in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert not names.critical


@needs_openssl
@pytest.mark.parametrize("spec", CLASSICAL)
def test_openssl_verifies_request_and_chain_of_every_spec(
    client: Any, create: Create, tmp_path: Path, spec: str
) -> None:
    csr = create_csr(client, create(spec), SUBJECT, san=["app.example.com"])
    assert "verify OK" in openssl("req", "-verify", "-noout", "-in", written(tmp_path, "csr.pem", csr))
    authority = CertificateAuthority.create_root(client, create(spec), "CN=Root", lifetime=30 * DAY)
    leaf = authority.issue(csr, lifetime=DAY, extended_key_usage=[ExtendedKeyUsageOID.SERVER_AUTH])
    root = written(tmp_path, "root.pem", authority.certificate)
    checks = ("-x509_strict", "-purpose", "sslserver", "-verify_hostname", "app.example.com")
    verified = openssl("verify", *checks, "-CAfile", root, written(tmp_path, "leaf.pem", leaf))
    assert verified.strip().endswith("leaf.pem: OK")


@pytest.mark.parametrize("spec", SPECS)
def test_cryptography_verifies_issuer_of_every_spec(client: Any, create: Create, spec: str) -> None:
    authority = CertificateAuthority.create_root(client, create(spec), "CN=Root", lifetime=30 * DAY)
    authority.certificate.verify_directly_issued_by(authority.certificate)
    leaf = authority.issue(create_csr(client, create(spec), SUBJECT), lifetime=DAY)
    leaf.verify_directly_issued_by(authority.certificate)
    other = CertificateAuthority.create_root(client, create(spec), "CN=Root", lifetime=30 * DAY)
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(other.certificate)


def test_chain_of_root_authority_and_leaf_is_accepted_by_cryptographys_verifier(
    client: Any, create: Create, csr: x509.CertificateSigningRequest
) -> None:
    root = CertificateAuthority.create_root(client, create("RSA_2048"), "CN=Root", lifetime=30 * DAY, path_length=1)
    below = create("ECC_NIST_P384")
    certificate = root.issue_authority(create_csr(client, below, "CN=Below"), lifetime=20 * DAY)
    leaf = CertificateAuthority(client, below, certificate).issue(
        csr, lifetime=DAY, extended_key_usage=[ExtendedKeyUsageOID.SERVER_AUTH]
    )
    verifier = PolicyBuilder().store(Store([root.certificate])).build_server_verifier(x509.DNSName("app.example.com"))
    assert verifier.verify(leaf, [certificate]) == [leaf, certificate, root.certificate]


def test_certificate_says_what_it_is_for(authority: CertificateAuthority, csr: x509.CertificateSigningRequest) -> None:
    leaf, root = authority.issue(csr, lifetime=DAY), authority.certificate
    assert extension(leaf, x509.BasicConstraints).value == x509.BasicConstraints(ca=False, path_length=None)
    assert extension(root, x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    for certificate, granted in ((leaf, {"digital_signature"}), (root, {"key_cert_sign", "crl_sign"})):
        usage = extension(certificate, x509.KeyUsage)
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        assert {name for name in (*names, "key_cert_sign", "crl_sign") if getattr(usage.value, name)} == granted
        assert usage.critical
        assert extension(certificate, x509.BasicConstraints).critical
        own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
        assert extension(certificate, x509.SubjectKeyIdentifier).value == own
    issuer = extension(root, x509.SubjectKeyIdentifier).value.digest
    assert extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier == issuer
    assert leaf.issuer == root.subject
    assert leaf.subject == csr.subject
    assert leaf.public_key() == csr.public_key()
    assert extension(leaf, x509.SubjectAlternativeName).value == extension(csr, x509.SubjectAlternativeName).value
    with pytest.raises(x509.ExtensionNotFound):
        extension(leaf, x509.ExtendedKeyUsage)


def test_serial_numbers_are_random_and_of_159_bits(
    mimic_authority: CertificateAuthority, csr: x509.CertificateSigningRequest
) -> None:
    serials = [mimic_authority.issue(csr, lifetime=DAY).serial_number for _ in range(64)]
    assert len(set(serials)) == 64
    assert 150 < max(serials).bit_length() <= 159


def test_validity_begins_a_few_minutes_ago_and_ends_with_the_lifetime(
    mimic_authority: CertificateAuthority, csr: x509.CertificateSigningRequest
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    leaf = mimic_authority.issue(csr, lifetime=DAY)
    after = datetime.now(UTC)
    assert before - timedelta(minutes=5) <= leaf.not_valid_before_utc <= after - timedelta(minutes=4)
    assert before + DAY <= leaf.not_valid_after_utc <= after + DAY
    assert leaf.not_valid_before_utc >= mimic_authority.certificate.not_valid_before_utc


def test_certificate_does_not_outlive_its_authority(
    mimic_authority: CertificateAuthority, csr: x509.CertificateSigningRequest
) -> None:
    assert mimic_authority.issue(csr, lifetime=29 * DAY)
    with pytest.raises(ValueError, match=r"lifetime ends at .*: the authority's own certificate ends before it, at 20"):
        mimic_authority.issue(csr, lifetime=31 * DAY)
    with pytest.raises(ValueError, match="lifetime ends at"):
        mimic_authority.issue_authority(csr, lifetime=31 * DAY)


@pytest.mark.parametrize(
    ("lifetime", "kind", "fault"),
    [
        (timedelta(0), ValueError, "lifetime is 0:00:00: it must be at least a second"),
        (-DAY, ValueError, "lifetime is -1 day, 0:00:00: it must be at least a second"),
        (timedelta.max, ValueError, "lifetime is .*: it must end before the year 10000"),
        (90, TypeError, "lifetime must be a timedelta, not int"),
    ],
)
def test_lifetime_that_cannot_be_is_refused(
    mimic_authority: CertificateAuthority, local: Any, lifetime: Any, kind: type[Exception], fault: str
) -> None:
    mimic = MimicClient()
    with pytest.raises(kind, match=fault):
        mimic_authority.issue(request(local), lifetime=lifetime)
    with pytest.raises(kind, match=fault):
        self_signed(mimic, creator(mimic)("ECC_NIST_P256"), "CN=x", lifetime=lifetime)
    with pytest.raises(kind, match=fault):
        CertificateAuthority.create_root(mimic, creator(mimic)("ECC_NIST_P256"), "CN=x", lifetime=lifetime)


def request(key: Any, *extensions: x509.ExtensionType, subject: str = SUBJECT) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder(x509.Name.from_rfc4514_string(subject))
    for wanted in extensions:
        builder = builder.add_extension(wanted, critical=False)
    return builder.sign(key, hashes.SHA256())


def test_nothing_but_alternative_names_is_taken_from_a_request(
    mimic_authority: CertificateAuthority, local: Any
) -> None:
    csr = request(
        local,
        x509.BasicConstraints(ca=True, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
        x509.SubjectAlternativeName([x509.DNSName("a.example")]),
        x509.NameConstraints([x509.DNSName("example")], None),
    )
    leaf = mimic_authority.issue(csr, lifetime=DAY)
    assert {found.oid for found in leaf.extensions} == {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
    assert not extension(leaf, x509.BasicConstraints).value.ca


def test_request_that_its_key_did_not_sign_is_refused(
    mimic_authority: CertificateAuthority, csr: x509.CertificateSigningRequest
) -> None:
    encoded = csr.public_bytes(Encoding.DER)
    for changed in (encoded.replace(b"app.", b"api.", 1), encoded[:-1] + bytes([encoded[-1] ^ 1])):
        assert changed != encoded
        with pytest.raises(ValueError, match="csr is not signed by its own key: the signature is not valid"):
            mimic_authority.issue(x509.load_der_x509_csr(changed), lifetime=DAY)
        with pytest.raises(ValueError, match="csr is not signed by its own key"):
            mimic_authority.issue_authority(x509.load_der_x509_csr(changed), lifetime=DAY)


def test_request_with_a_weak_key_is_refused(mimic_authority: CertificateAuthority) -> None:
    for key, fault in [
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits, and at least 2048 are needed"),  # noqa: S505 - weak.
        (ec.generate_private_key(ec.SECP224R1()), "on secp224r1, and at least 256 bits are needed"),
        (dsa.generate_private_key(1024), "DSA"),  # noqa: S505 - weak on purpose, too.
    ]:
        with pytest.raises(ValueError, match=f"csr has a weak key: {fault}"):
            mimic_authority.issue(request(key), lifetime=DAY)
    assert mimic_authority.issue(request(rsa.generate_private_key(65537, 2048)), lifetime=DAY)


def test_request_whose_key_cannot_have_signed_it_is_refused(mimic_authority: CertificateAuthority) -> None:
    mimic = MimicClient()
    description = mimic.get_public_key(KeyId=creator(mimic)("ECC_NIST_EDWARDS25519"))
    builder = x509.CertificateSigningRequestBuilder(x509.Name.from_rfc4514_string(SUBJECT))
    of_no_signatures: Any = x25519.X25519PrivateKey.generate().public_key()
    with pytest.raises(ValueError, match="csr is not signed by its own key"):
        csr = builder.sign(KmsEd25519PrivateKey(mimic, description, of_no_signatures), None)
        mimic_authority.issue(csr, lifetime=DAY)
    unsupported: Any = SimpleNamespace(public_bytes=lambda *_: SM2)
    with pytest.raises(
        ValueError, match="csr has a key or a signature that cryptography does not support: Curve 1.2.1"
    ):
        csr = builder.sign(KmsEd25519PrivateKey(mimic, description, unsupported), None)
        mimic_authority.issue(csr, lifetime=DAY)


def test_request_with_unreadable_extensions_is_refused(mimic_authority: CertificateAuthority, local: Any) -> None:
    csr = request(local, x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"junk"))
    with pytest.raises(ValueError, match="csr has extensions that cannot be read: "):
        mimic_authority.issue(csr, lifetime=DAY)


@pytest.mark.parametrize("csr", [None, b"-----BEGIN CERTIFICATE REQUEST-----", "csr.pem"])
def test_what_is_no_request_is_refused(mimic_authority: CertificateAuthority, csr: Any) -> None:
    with pytest.raises(TypeError, match=r"csr must be an x509\.CertificateSigningRequest, not "):
        mimic_authority.issue(csr, lifetime=DAY)


def test_request_that_names_nobody_is_refused(mimic_authority: CertificateAuthority, local: Any) -> None:
    with pytest.raises(ValueError, match="csr names nobody: it has neither a subject nor alternative names"):
        mimic_authority.issue(request(local, subject=""), lifetime=DAY)
    with pytest.raises(ValueError, match="csr names nobody: an authority must have a subject"):
        mimic_authority.issue_authority(request(local, subject=""), lifetime=DAY)


def test_alternative_names_of_an_empty_subject_are_critical(mimic_authority: CertificateAuthority) -> None:
    mimic = MimicClient()
    csr = create_csr(mimic, creator(mimic)("ECC_NIST_P256"), x509.Name([]), san=["app.example.com"])
    assert extension(csr, x509.SubjectAlternativeName).critical
    assert extension(mimic_authority.issue(csr, lifetime=DAY), x509.SubjectAlternativeName).critical


def test_authority_keeps_to_its_path_length(client: Any, create: Create, local: Any) -> None:
    arn = create("ECC_NIST_P256")
    csr = request(local)
    leaf_only = CertificateAuthority.create_root(client, arn, "CN=Root", lifetime=30 * DAY)
    with pytest.raises(ValueError, match="path_length is 0: it must be less than this authority's, 0"):
        leaf_only.issue_authority(csr, lifetime=DAY)
    two = CertificateAuthority.create_root(client, arn, "CN=Root", lifetime=30 * DAY, path_length=2)
    assert (
        extension(two.issue_authority(csr, lifetime=DAY, path_length=1), x509.BasicConstraints).value.path_length == 1
    )
    with pytest.raises(ValueError, match="path_length is 2: it must be less than this authority's, 2"):
        two.issue_authority(csr, lifetime=DAY, path_length=2)
    with pytest.raises(TypeError, match="path_length must be a non-negative integer"):
        two.issue_authority(csr, lifetime=DAY, path_length=-1)
    any_number = CertificateAuthority.create_root(client, arn, "CN=Root", lifetime=30 * DAY, path_length=None)
    assert extension(any_number.certificate, x509.BasicConstraints).value.path_length is None
    assert any_number.issue_authority(csr, lifetime=DAY, path_length=7)


def test_certificate_that_makes_no_authority_is_refused(client: Any, create: Create) -> None:
    arn, other = create("ECC_NIST_P256"), create("ECC_NIST_P256")
    root = CertificateAuthority.create_root(client, arn, "CN=Root", lifetime=DAY).certificate
    assert CertificateAuthority(client, arn, root).certificate is root
    with pytest.raises(ValueError, match=f"certificate is not of {other}: its public key is another"):
        CertificateAuthority(client, other, root)
    with pytest.raises(ValueError, match="certificate is of no authority: its extensions do not allow it"):
        CertificateAuthority(client, arn, self_signed(client, arn, "CN=x", lifetime=DAY))
    with pytest.raises(TypeError, match=r"certificate must be an x509\.Certificate, not bytes"):
        CertificateAuthority(client, arn, root.public_bytes(Encoding.PEM))  # type: ignore[arg-type]  # The fault.


def test_authority_without_key_identifier_is_named_by_its_key(local: Any) -> None:
    mimic = MimicClient()
    arn = creator(mimic)("ECC_NIST_P256")
    key: Any = private_key(mimic, arn)
    name = x509.Name.from_rfc4514_string("CN=Old")
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - DAY, now + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    authority = CertificateAuthority(mimic, arn, builder.sign(key, hashes.SHA256()))
    leaf = authority.issue(request(local), lifetime=timedelta(hours=1))
    expected = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    assert extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier == expected


def test_self_signed_certificate_is_of_its_own_key_and_no_authority(
    client: Any, create: Create, tmp_path: Path
) -> None:
    arn = create("RSA_2048")
    certificate = self_signed(
        client, arn, SUBJECT, lifetime=DAY, san=["localhost", x509.RFC822Name("a@b.c")], algorithm=hashes.SHA512()
    )
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == private_key(client, arn).public_key()
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA512)
    assert not extension(certificate, x509.BasicConstraints).value.ca
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("localhost"), x509.RFC822Name("a@b.c")]
    if shutil.which("openssl") is not None:
        path = written(tmp_path, "self.pem", certificate)
        assert openssl("verify", "-CAfile", path, path).strip().endswith("OK")


def test_builders_of_cryptography_take_a_key_in_kms_with_pss(client: Any, create: Create) -> None:
    key: Any = private_key(client, create("RSA_2048"))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    builder = x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]))
    assert builder.sign(key, hashes.SHA256(), rsa_padding=pss).is_signature_valid
    with pytest.raises(ValueError, match="salt_length of PSS is MaxLength"):
        maximal = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        builder.sign(key, hashes.SHA256(), rsa_padding=maximal)


@pytest.mark.parametrize(
    ("arguments", "kind", "fault"),
    [
        ({"subject": "no name"}, ValueError, "subject is 'no name': it must look like 'CN=app.example.com,O=Example'"),
        ({"subject": "FLOOR=3"}, ValueError, "subject is 'FLOOR=3'"),
        ({"subject": {"CN": "x"}}, TypeError, r"subject must be an x509\.Name or a str such as 'CN=app', not dict"),
        ({"san": "app.example.com"}, TypeError, "san must be a sequence of names, not one str"),
        ({"san": [b"app"]}, TypeError, r"a name in san must be a str or an x509\.GeneralName, not bytes"),
        ({"san": ["bücher.example"]}, ValueError, "A-label"),
        ({"algorithm": hashes.SHA384()}, ValueError, "has no ECDSA_SHA_384: it has ECDSA_SHA_256"),
    ],
)
def test_request_that_cannot_be_made_is_refused(arguments: dict[str, Any], kind: type[Exception], fault: str) -> None:
    mimic = MimicClient()
    arn = creator(mimic)("ECC_NIST_P256")
    with pytest.raises(kind, match=fault):
        create_csr(mimic, arn, **{"subject": SUBJECT, **arguments})


def test_key_that_is_not_for_signing_is_refused_before_anything_is_sent(client: Any, create: Create) -> None:
    arn = create("RSA_2048", "ENCRYPT_DECRYPT")
    recorder = Recorder(client)
    for make in (
        lambda: create_csr(recorder, arn, SUBJECT),
        lambda: self_signed(recorder, arn, SUBJECT, lifetime=DAY),
        lambda: CertificateAuthority.create_root(recorder, arn, SUBJECT, lifetime=DAY),
    ):
        with pytest.raises(ValueError, match=f"{arn} has KeyUsage ENCRYPT_DECRYPT: this needs"):
            make()
    assert set(recorder.names) == {"get_public_key"}


def test_whoever_issues_must_have_a_name() -> None:
    mimic = MimicClient()
    arn = creator(mimic)("ECC_NIST_P256")
    with pytest.raises(ValueError, match="subject is empty: whoever issues a certificate must have a name"):
        self_signed(mimic, arn, "", lifetime=DAY, san=["x"])
    with pytest.raises(ValueError, match="subject is empty"):
        CertificateAuthority.create_root(mimic, arn, x509.Name([]), lifetime=DAY)


def test_request_signed_by_moto_is_refused(mimic_authority: CertificateAuthority, moto_client: Any) -> None:
    """moto hashes the digest once more: see test_private_keys."""
    csr = create_csr(moto_client, creator(moto_client)("ECC_NIST_P256"), SUBJECT)
    with pytest.raises(ValueError, match="csr is not signed by its own key"):
        mimic_authority.issue(csr, lifetime=DAY)
