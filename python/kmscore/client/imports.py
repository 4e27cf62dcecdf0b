"""Key material that comes from outside."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, ResponseMetadata
from kmscore.client.keys import KeyRequest

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


class GetParametersForImportRequest(KeyRequest):
    """Arguments of `get_parameters_for_import`."""

    WrappingAlgorithm: str
    WrappingKeySpec: str


class GetParametersForImportResponse(TypedDict):
    """Reply of `get_parameters_for_import`."""

    KeyId: str
    ImportToken: bytes
    PublicKey: bytes
    ParametersValidTo: datetime
    ResponseMetadata: ResponseMetadata


class ImportKeyMaterialRequest(KeyRequest):
    """Arguments of `import_key_material`."""

    ImportToken: Blob
    EncryptedKeyMaterial: Blob
    ValidTo: NotRequired[datetime | int | float | str]
    ExpirationModel: NotRequired[str]
    ImportType: NotRequired[str]
    KeyMaterialDescription: NotRequired[str]
    KeyMaterialId: NotRequired[str]


class DeleteImportedKeyMaterialRequest(KeyRequest):
    """Arguments of `delete_imported_key_material`."""

    KeyMaterialId: NotRequired[str]


class ImportedKeyMaterialResponse(TypedDict):
    """Reply of `import_key_material` and `delete_imported_key_material`."""

    KeyId: str
    KeyMaterialId: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class ImportCalls(Calls):
    """Import of key material into keys that were made with `Origin="EXTERNAL"`."""

    def get_parameters_for_import(
        self, **parameters: Unpack[GetParametersForImportRequest]
    ) -> GetParametersForImportResponse:
        """Make a wrapping key for an import, good for 24 hours (AWS KMS API Reference, GetParametersForImport).

        Args:
            **parameters:
                KeyId: The key.
                WrappingAlgorithm: `RSAES_OAEP_SHA_256` or `_SHA_1`; for RSA keys, and for elliptic ones if you like,
                    `RSA_AES_KEY_WRAP_SHA_256` or `_SHA_1`; `SM2PKE` in China Regions.
                WrappingKeySpec: `RSA_2048`, `RSA_3072`, `RSA_4096`; `SM2` in China Regions.

        Returns:
            `KeyId` (the key's ARN), `ImportToken`, `PublicKey` (SubjectPublicKeyInfo), `ParametersValidTo`.

        Raises:
            ClientError: UnsupportedOperationException, KMSInvalidStateException, …
        """
        reply: GetParametersForImportResponse = self._call("GetParametersForImport", parameters)
        return reply

    def import_key_material(self, **parameters: Unpack[ImportKeyMaterialRequest]) -> ImportedKeyMaterialResponse:
        """Give a key its material, or material to be rotated to (AWS KMS API Reference, ImportKeyMaterial).

        Args:
            **parameters:
                KeyId: The key.
                ImportToken: Of `get_parameters_for_import`.
                EncryptedKeyMaterial: The material, wrapped as was said there.
                ValidTo: When it is destroyed: at most 365 days from now.
                ExpirationModel: `KEY_MATERIAL_EXPIRES` when absent, or `KEY_MATERIAL_DOES_NOT_EXPIRE`.
                ImportType: `NEW_KEY_MATERIAL`, the default for the first, or `EXISTING_KEY_MATERIAL`.
                KeyMaterialDescription: Up to 256 characters.
                KeyMaterialId: Of existing material: which it must be.

        Returns:
            `KeyId` (the key's ARN) and `KeyMaterialId`.

        Raises:
            ClientError: InvalidCiphertextException, IncorrectKeyMaterialException, ExpiredImportTokenException,
                InvalidImportTokenException, …
        """
        reply: ImportedKeyMaterialResponse = self._call("ImportKeyMaterial", parameters)
        return reply

    def delete_imported_key_material(
        self, **parameters: Unpack[DeleteImportedKeyMaterialRequest]
    ) -> ImportedKeyMaterialResponse:
        """Destroy imported material; the key is pending import then (AWS KMS API Reference, DeleteImportedKeyMaterial).

        Args:
            **parameters:
                KeyId: The key.
                KeyMaterialId: Which; the current one when absent.

        Returns:
            `KeyId` (the key's ARN) and `KeyMaterialId`.

        Raises:
            ClientError: UnsupportedOperationException, NotFoundException, …
        """
        reply: ImportedKeyMaterialResponse = self._call("DeleteImportedKeyMaterial", parameters)
        return reply
