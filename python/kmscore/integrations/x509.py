"""Certificate signing requests, certificates and a small certificate authority whose keys stay in KMS (RFC 5280).

Example:
    >>> from datetime import timedelta
    >>> import kmscore
    >>> from kmscore.integrations import x509
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> root = kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    >>> server = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    >>> authority = x509.CertificateAuthority.create_root(kms, root, "CN=Our CA", lifetime=timedelta(days=3650))
    >>> csr = x509.create_csr(kms, server, "CN=app.example.com", san=["app.example.com"])
    >>> certificate = authority.issue(csr, lifetime=timedelta(days=90))
    >>> certificate.verify_directly_issued_by(authority.certificate)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
except ImportError as missing:
    raise ImportError("kmscore.integrations.x509 needs cryptography: pip install 'kmscore[cryptography]'") from missing

from kmscore.integrations.private_keys import KmsClient, private_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

    Hash: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

BACKDATING = timedelta(minutes=5)
"""How long before its making a certificate is valid, so that a clock that is a little slow accepts it."""

_SHORTEST_RSA = 2048
_SHORTEST_CURVE = 256
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

Extension = TypeVar("Extension", bound=x509.ExtensionType)


def create_csr(
    client: KmsClient,
    key_id: str,
    subject: x509.Name | str,
    *,
    san: Sequence[str | x509.GeneralName] = (),
    algorithm: Hash | None = None,
) -> x509.CertificateSigningRequest:
    """Ask for a certificate of a KMS key.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: A key of KeyUsage SIGN_VERIFY.
        subject: A name, or its text: `CN=app.example.com,O=Example` (RFC 4514).
        san: Alternative names: DNS names and IP addresses as text, others as cryptography's objects.
        algorithm: The hash, for RSA; else SHA-256, or the one of the curve.

    Returns:
        The request; `public_bytes(Encoding.PEM)` is what authorities take.

    Raises:
        ClientError: What the client raises.
        TypeError: An argument is of a wrong type.
        ValueError: A name is malformed, or the key does not sign like this.
    """
    name = _name(subject)
    key = private_key(client, key_id)
    builder = x509.CertificateSigningRequestBuilder(name)
    names = _alternative_names(san)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=_unnamed(name))
    return builder.sign(key, _hash(key, algorithm))


def self_signed(
    client: KmsClient,
    key_id: str,
    subject: x509.Name | str,
    *,
    lifetime: timedelta,
    san: Sequence[str | x509.GeneralName] = (),
    algorithm: Hash | None = None,
) -> x509.Certificate:
    """Make a certificate of a KMS key by this very key, for tests and for peers that pin it. It is no authority.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: A key of KeyUsage SIGN_VERIFY.
        subject: A name, or its text (RFC 4514).
        lifetime: How long it is valid from now on.
        san: Alternative names: DNS names and IP addresses as text, others as cryptography's objects.
        algorithm: The hash, for RSA; else SHA-256, or the one of the curve.

    Returns:
        The certificate.

    Raises:
        ClientError: What the client raises.
        TypeError: An argument is of a wrong type.
        ValueError: A name or the lifetime is wrong, or the key does not sign like this.
    """
    name = _issuer(subject)
    key = private_key(client, key_id)
    builder = _certificate(name, name, key.public_key(), *_validity(lifetime))
    names = _alternative_names(san)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _leaf(builder).sign(key, _hash(key, algorithm))


class CertificateAuthority:
    """An authority whose key stays in KMS. It keeps no list of what it issued and revokes nothing.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: The authority's key, of KeyUsage SIGN_VERIFY.
        certificate: The certificate of this key: of `create_root`, or issued by another authority.

    Raises:
        ClientError: What the client raises.
        TypeError: `certificate` is no certificate.
        ValueError: The certificate is of another key, or of no authority.
    """

    def __init__(self, client: KmsClient, key_id: str, certificate: x509.Certificate) -> None:
        if not isinstance(certificate, x509.Certificate):
            raise TypeError(f"certificate must be an x509.Certificate, not {type(certificate).__name__}")
        self._key = private_key(client, key_id)
        self._key.require_usage("SIGN_VERIFY")
        if certificate.public_key() != self._key.public_key():
            raise ValueError(f"certificate is not of {key_id}: its public key is another")
        constraints = _extension(certificate.extensions, x509.BasicConstraints)
        usage = _extension(certificate.extensions, x509.KeyUsage)
        if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
            raise ValueError("certificate is of no authority: its extensions do not allow it to sign certificates")
        self._path_length = constraints.path_length
        self.certificate = certificate

    @classmethod
    def create_root(
        cls,
        client: KmsClient,
        key_id: str,
        subject: x509.Name | str,
        *,
        lifetime: timedelta,
        path_length: int | None = 0,
        algorithm: Hash | None = None,
    ) -> Self:
        """Make an authority that vouches for itself.

        Args:
            client: A kmscore client, or any boto3 KMS client.
            key_id: A key of KeyUsage SIGN_VERIFY.
            subject: The authority's name, or its text (RFC 4514).
            lifetime: How long its certificate is valid from now on.
            path_length: How many authorities may follow below it; None for any number.
            algorithm: The hash, for RSA; else SHA-256, or the one of the curve.

        Returns:
            The authority; keep its `certificate` and give it to whoever is to trust it.

        Raises:
            ClientError: What the client raises.
            TypeError: An argument is of a wrong type.
            ValueError: The name or the lifetime is wrong, or the key does not sign like this.
        """
        name = _issuer(subject)
        key = private_key(client, key_id)
        builder = _certificate(name, name, key.public_key(), *_validity(lifetime))
        return cls(client, key_id, _authority(builder, path_length).sign(key, _hash(key, algorithm)))

    def issue(
        self,
        csr: x509.CertificateSigningRequest,
        *,
        lifetime: timedelta,
        extended_key_usage: Sequence[x509.ObjectIdentifier] = (),
        algorithm: Hash | None = None,
    ) -> x509.Certificate:
        """Certify the key of a request, for signatures (which TLS needs); not as an authority.

        The subject and the alternative names are those of the request, and nothing else of it: look at them first.

        Args:
            csr: The request.
            lifetime: How long the certificate is valid from now on.
            extended_key_usage: What it is for, such as `ExtendedKeyUsageOID.SERVER_AUTH`; anything when empty.
            algorithm: The hash, for an RSA key of the authority; else SHA-256, or the one of the curve.

        Returns:
            The certificate.

        Raises:
            ClientError: What the client raises.
            TypeError: An argument is of a wrong type.
            ValueError: The request is not signed by its own key, has a weak key or names nobody, or the lifetime is
                wrong.
        """
        builder = self._builder(csr, lifetime)
        names = _extension(_extensions(csr), x509.SubjectAlternativeName)
        if names is not None:
            builder = builder.add_extension(names, critical=_unnamed(csr.subject))
        elif _unnamed(csr.subject):
            raise ValueError("csr names nobody: it has neither a subject nor alternative names")
        if extended_key_usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended_key_usage), critical=False)
        return _leaf(builder).sign(self._key, _hash(self._key, algorithm))

    def issue_authority(
        self,
        csr: x509.CertificateSigningRequest,
        *,
        lifetime: timedelta,
        path_length: int = 0,
        algorithm: Hash | None = None,
    ) -> x509.Certificate:
        """Certify the key of a request as an authority below this one: whoever has it can issue in your name.

        Args:
            csr: The request; its subject is taken, and nothing else.
            lifetime: How long the certificate is valid from now on.
            path_length: How many authorities may follow below it; fewer than below this one.
            algorithm: The hash, for an RSA key of this authority; else SHA-256, or the one of the curve.

        Returns:
            The certificate; give it to `CertificateAuthority`.

        Raises:
            ClientError: What the client raises.
            TypeError: An argument is of a wrong type.
            ValueError: As with `issue`, or `path_length` is more than this authority may give.
        """
        if self._path_length is not None and path_length >= self._path_length:
            raise ValueError(
                f"path_length is {path_length}: it must be less than this authority's, {self._path_length}"
            )
        builder = self._builder(csr, lifetime)
        if _unnamed(csr.subject):
            raise ValueError("csr names nobody: an authority must have a subject")
        return _authority(builder, path_length).sign(self._key, _hash(self._key, algorithm))

    def _builder(self, csr: x509.CertificateSigningRequest, lifetime: timedelta) -> x509.CertificateBuilder:
        key = _certifiable(csr)
        begin, end = _validity(lifetime)
        last = self.certificate.not_valid_after_utc
        if end > last:
            raise ValueError(f"lifetime ends at {end}: the authority's own certificate ends before it, at {last}")
        begin = max(begin, self.certificate.not_valid_before_utc)
        builder = _certificate(csr.subject, self.certificate.subject, key, begin, end)
        own = _extension(self.certificate.extensions, x509.SubjectKeyIdentifier)
        if own is None:
            own = x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
        return builder.add_extension(identifier, critical=False)


def _certifiable(csr: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    """The key of a request, if it is strong enough and has signed the request."""
    if not isinstance(csr, x509.CertificateSigningRequest):
        raise TypeError(f"csr must be an x509.CertificateSigningRequest, not {type(csr).__name__}")
    try:
        key, signed = csr.public_key(), csr.is_signature_valid
    except (UnsupportedAlgorithm, ValueError) as error:
        raise ValueError(f"csr has a key or a signature that cryptography does not support: {error}") from error
    weakness = _weakness(key)
    if weakness is not None:
        raise ValueError(f"csr has a weak key: {weakness}")
    if not signed:
        raise ValueError("csr is not signed by its own key: the signature is not valid")
    return key


def _weakness(key: CertificatePublicKeyTypes) -> str | None:
    match key:
        case dsa.DSAPublicKey():
            return "DSA"
        case rsa.RSAPublicKey() if key.key_size < _SHORTEST_RSA:
            return f"RSA of {key.key_size} bits, and at least {_SHORTEST_RSA} are needed"
        case ec.EllipticCurvePublicKey() if key.key_size < _SHORTEST_CURVE:
            return f"on {key.curve.name}, and at least {_SHORTEST_CURVE} bits are needed"
    return None


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What all certificates have. A serial number may have 20 bytes and is positive: 159 random bits (RFC 5280)."""
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), begin, end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _leaf(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(_key_usage("digital_signature"), critical=True)


def _authority(builder: x509.CertificateBuilder, path_length: int | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)


def _key_usage(*granted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in granted for usage in _USAGES})


def _validity(lifetime: timedelta) -> tuple[datetime, datetime]:
    if not isinstance(lifetime, timedelta):
        raise TypeError(f"lifetime must be a timedelta, not {type(lifetime).__name__}")
    # Certificates have whole seconds.
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        end = now + lifetime
    except OverflowError as error:
        raise ValueError(f"lifetime is {lifetime}: it must end before the year 10000") from error
    if end <= now:
        raise ValueError(f"lifetime is {lifetime}: it must be at least a second")
    return now - BACKDATING, end


def _hash(key: CertificateIssuerPrivateKeyTypes, algorithm: Hash | None) -> Hash | None:
    """The hash to sign with: KMS has one for each curve, and Ed25519 and ML-DSA have their own."""
    if algorithm is not None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return algorithm
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256:
        return hashes.SHA384() if key.key_size == 384 else hashes.SHA512()
    return hashes.SHA256()


def _name(subject: x509.Name | str) -> x509.Name:
    if isinstance(subject, x509.Name):
        return subject
    if not isinstance(subject, str):
        raise TypeError(f"subject must be an x509.Name or a str such as 'CN=app', not {type(subject).__name__}")
    try:
        return x509.Name.from_rfc4514_string(subject)
    except ValueError as error:
        raise ValueError(f"subject is {subject!r}: it must look like 'CN=app.example.com,O=Example'") from error


def _issuer(subject: x509.Name | str) -> x509.Name:
    name = _name(subject)
    if _unnamed(name):
        raise ValueError("subject is empty: whoever issues a certificate must have a name")
    return name


def _unnamed(name: x509.Name) -> bool:
    """Whether a subject is empty; then the alternative names are critical (RFC 5280, section 4.2.1.6)."""
    return not name.rdns


def _alternative_names(san: Sequence[str | x509.GeneralName]) -> list[x509.GeneralName]:
    if isinstance(san, str):
        raise TypeError("san must be a sequence of names, not one str")
    return [_alternative_name(name) for name in san]


def _alternative_name(name: str | x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.GeneralName):
        return name
    if not isinstance(name, str):
        raise TypeError(f"a name in san must be a str or an x509.GeneralName, not {type(name).__name__}")
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _extensions(csr: x509.CertificateSigningRequest) -> x509.Extensions:
    try:
        return csr.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(f"csr has extensions that cannot be read: {error}") from error


def _extension(extensions: x509.Extensions, kind: type[Extension]) -> Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
