"""Errors of AWS KMS: one class for each error code, in the shape that boto3's have.

Source: AWS KMS API Reference, the error sections of its operations and "Common errors".
"""

from typing import Any


class KmsError(Exception):
    """Everything that an AWS KMS operation can fail with."""


class PolicyWarning(UserWarning):
    """A policy was accepted that AWS KMS would refuse: it names principals that the store does not know."""


class ClientError(KmsError):
    """A KMS operation answered with an error; its subclasses have one code each.

    Args:
        message: The text; empty where AWS KMS sends none.
    """

    code: str = ""
    http_status: int = 400
    operation_name = ""
    request_id = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def attach(self, operation_name: str, request_id: str) -> None:
        """Say which call failed; the engine does, so that a handler raises with a text alone."""
        self.operation_name = operation_name
        self.request_id = request_id

    @property
    def response(self) -> dict[str, Any]:
        """`Error` (`Code`, `Message`) and `ResponseMetadata`, as in botocore's ClientError."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {
                "RequestId": self.request_id,
                "HTTPStatusCode": self.http_status,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        }

    def __str__(self) -> str:
        """Worded as botocore's, once the operation is known."""
        if not self.operation_name:
            return f"{self.code}: {self.message}"
        return f"An error occurred ({self.code}) when calling the {self.operation_name} operation: {self.message}"


class AlreadyExistsException(ClientError):
    """A resource of this name exists already."""

    code = "AlreadyExistsException"


class CloudHsmClusterInUseException(ClientError):
    """The CloudHSM cluster belongs to another custom key store, or shares backups with one that does."""

    code = "CloudHsmClusterInUseException"


class CloudHsmClusterInvalidConfigurationException(ClientError):
    """The CloudHSM cluster is not set up as a custom key store needs it."""

    code = "CloudHsmClusterInvalidConfigurationException"


class CloudHsmClusterNotActiveException(ClientError):
    """The CloudHSM cluster is not active."""

    code = "CloudHsmClusterNotActiveException"


class CloudHsmClusterNotFoundException(ClientError):
    """There is no CloudHSM cluster of this id."""

    code = "CloudHsmClusterNotFoundException"


class CloudHsmClusterNotRelatedException(ClientError):
    """The CloudHSM cluster shares no backup history with the custom key store's own."""

    code = "CloudHsmClusterNotRelatedException"


class ConflictException(ClientError):
    """Another change of the same resource is under way."""

    code = "ConflictException"


class CustomKeyStoreHasCMKsException(ClientError):
    """The custom key store still holds KMS keys."""

    code = "CustomKeyStoreHasCMKsException"


class CustomKeyStoreInvalidStateException(ClientError):
    """The custom key store's connection state does not allow this."""

    code = "CustomKeyStoreInvalidStateException"


class CustomKeyStoreNameInUseException(ClientError):
    """Another custom key store has this name."""

    code = "CustomKeyStoreNameInUseException"


class CustomKeyStoreNotFoundException(ClientError):
    """There is no custom key store of this id or name."""

    code = "CustomKeyStoreNotFoundException"


class DependencyTimeoutException(ClientError):
    """Something the service stands on did not answer in time."""

    code = "DependencyTimeoutException"
    http_status = 500


class DisabledException(ClientError):
    """The KMS key is disabled."""

    code = "DisabledException"


class DryRunOperationException(ClientError):
    """The dry run found nothing wrong: the call would have succeeded."""

    code = "DryRunOperationException"


class ExpiredImportTokenException(ClientError):
    """The import token has expired."""

    code = "ExpiredImportTokenException"


class IncorrectKeyException(ClientError):
    """The named KMS key is not the one that made the ciphertext."""

    code = "IncorrectKeyException"


class IncorrectKeyMaterialException(ClientError):
    """The key material is not the one that was imported first, or not the expected one."""

    code = "IncorrectKeyMaterialException"


class IncorrectTrustAnchorException(ClientError):
    """The trust anchor certificate is not the CloudHSM cluster's."""

    code = "IncorrectTrustAnchorException"


class InvalidAliasNameException(ClientError):
    """The alias name is not valid."""

    code = "InvalidAliasNameException"


class InvalidArnException(ClientError):
    """An ARN, or an ARN in a policy, is not valid."""

    code = "InvalidArnException"


class InvalidCiphertextException(ClientError):
    """The ciphertext is damaged, foreign, or its encryption context differs. There is no text, on purpose."""

    code = "InvalidCiphertextException"


class InvalidGrantIdException(ClientError):
    """The grant id is not valid."""

    code = "InvalidGrantIdException"


class InvalidGrantTokenException(ClientError):
    """A grant token is not valid."""

    code = "InvalidGrantTokenException"


class InvalidImportTokenException(ClientError):
    """The import token is not valid, or belongs to another KMS key."""

    code = "InvalidImportTokenException"


class InvalidKeyUsageException(ClientError):
    """The KMS key's usage, or its key spec, does not allow this operation or algorithm."""

    code = "InvalidKeyUsageException"


class InvalidMarkerException(ClientError):
    """The marker of a list is not one that the service gave out for it."""

    code = "InvalidMarkerException"


class KMSInternalException(ClientError):
    """The service failed; the text says what its operator must look at."""

    code = "KMSInternalException"
    http_status = 500


class KMSInvalidMacException(ClientError):
    """The MAC does not belong to the message."""

    code = "KMSInvalidMacException"


class KMSInvalidSignatureException(ClientError):
    """The signature does not belong to the message."""

    code = "KMSInvalidSignatureException"


class KMSInvalidStateException(ClientError):
    """The KMS key's state does not allow this operation."""

    code = "KMSInvalidStateException"


class KeyUnavailableException(ClientError):
    """The KMS key cannot be used at the moment; try again."""

    code = "KeyUnavailableException"
    http_status = 500


class LimitExceededException(ClientError):
    """A quota would be exceeded."""

    code = "LimitExceededException"


class MalformedPolicyDocumentException(ClientError):
    """The policy is not syntactically or semantically correct."""

    code = "MalformedPolicyDocumentException"


class NotFoundException(ClientError):
    """There is no such key, alias, grant or policy."""

    code = "NotFoundException"


class TagException(ClientError):
    """A tag is not valid, or there are too many."""

    code = "TagException"


class UnsupportedOperationException(ClientError):
    """The operation, or one of its parameters, is not supported, or not valid for this resource."""

    code = "UnsupportedOperationException"


class XksKeyAlreadyInUseException(ClientError):
    """Another KMS key of the external key store uses this external key."""

    code = "XksKeyAlreadyInUseException"


class XksKeyInvalidConfigurationException(ClientError):
    """The external key is not set up as a KMS key needs it."""

    code = "XksKeyInvalidConfigurationException"


class XksKeyNotFoundException(ClientError):
    """The external key store proxy does not know this external key."""

    code = "XksKeyNotFoundException"


class XksProxyIncorrectAuthenticationCredentialException(ClientError):
    """The external key store proxy refused the credential."""

    code = "XksProxyIncorrectAuthenticationCredentialException"


class XksProxyInvalidConfigurationException(ClientError):
    """The external key store proxy is not set up as it must be."""

    code = "XksProxyInvalidConfigurationException"


class XksProxyInvalidResponseException(ClientError):
    """The external key store proxy's answer cannot be understood."""

    code = "XksProxyInvalidResponseException"


class XksProxyUriEndpointInUseException(ClientError):
    """Another external key store uses this proxy endpoint."""

    code = "XksProxyUriEndpointInUseException"


class XksProxyUriInUseException(ClientError):
    """Another external key store uses this proxy endpoint and path."""

    code = "XksProxyUriInUseException"


class XksProxyUriUnreachableException(ClientError):
    """The external key store proxy cannot be reached."""

    code = "XksProxyUriUnreachableException"


class XksProxyVpcEndpointServiceInUseException(ClientError):
    """Another external key store uses this VPC endpoint service."""

    code = "XksProxyVpcEndpointServiceInUseException"


class XksProxyVpcEndpointServiceInvalidConfigurationException(ClientError):
    """The VPC endpoint service is not set up as an external key store needs it."""

    code = "XksProxyVpcEndpointServiceInvalidConfigurationException"


class XksProxyVpcEndpointServiceNotFoundException(ClientError):
    """There is no VPC endpoint service of this name."""

    code = "XksProxyVpcEndpointServiceNotFoundException"


# What follows is not in the service model, but the service sends it.


class AccessDeniedException(ClientError):
    """No policy allows this, or one denies it."""

    code = "AccessDeniedException"


class SerializationException(ClientError):
    """The request cannot be parsed."""

    code = "SerializationException"


class ThrottlingException(ClientError):
    """Calls come faster than the quota allows."""

    code = "ThrottlingException"


class UnknownOperationException(ClientError):
    """There is no such operation."""

    code = "UnknownOperationException"


class ValidationException(ClientError):
    """A value breaks a constraint, or values do not go together; the text lists all faults."""

    code = "ValidationException"


BY_CODE: dict[str, type[ClientError]] = {kind.code: kind for kind in ClientError.__subclasses__()}
"""Error code -> its class."""
