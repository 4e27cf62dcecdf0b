//! The one error of the engine: an AWS KMS error code and its text.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $status:literal;)*) => {
        /// Every error code a caller can see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])* #[doc = concat!("`", $code, "`")] $variant,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as the service sends it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status it is sent with.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The code of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    AlreadyExists = "AlreadyExistsException", 400;
    CloudHsmClusterInUse = "CloudHsmClusterInUseException", 400;
    CloudHsmClusterInvalidConfiguration = "CloudHsmClusterInvalidConfigurationException", 400;
    CloudHsmClusterNotActive = "CloudHsmClusterNotActiveException", 400;
    CloudHsmClusterNotFound = "CloudHsmClusterNotFoundException", 400;
    CloudHsmClusterNotRelated = "CloudHsmClusterNotRelatedException", 400;
    Conflict = "ConflictException", 400;
    CustomKeyStoreHasCmks = "CustomKeyStoreHasCMKsException", 400;
    CustomKeyStoreInvalidState = "CustomKeyStoreInvalidStateException", 400;
    CustomKeyStoreNameInUse = "CustomKeyStoreNameInUseException", 400;
    CustomKeyStoreNotFound = "CustomKeyStoreNotFoundException", 400;
    DependencyTimeout = "DependencyTimeoutException", 500;
    Disabled = "DisabledException", 400;
    DryRunOperation = "DryRunOperationException", 400;
    ExpiredImportToken = "ExpiredImportTokenException", 400;
    IncorrectKey = "IncorrectKeyException", 400;
    IncorrectKeyMaterial = "IncorrectKeyMaterialException", 400;
    IncorrectTrustAnchor = "IncorrectTrustAnchorException", 400;
    InvalidAliasName = "InvalidAliasNameException", 400;
    InvalidArn = "InvalidArnException", 400;
    InvalidCiphertext = "InvalidCiphertextException", 400;
    InvalidGrantId = "InvalidGrantIdException", 400;
    InvalidGrantToken = "InvalidGrantTokenException", 400;
    InvalidImportToken = "InvalidImportTokenException", 400;
    InvalidKeyUsage = "InvalidKeyUsageException", 400;
    InvalidMarker = "InvalidMarkerException", 400;
    KmsInternal = "KMSInternalException", 500;
    KmsInvalidMac = "KMSInvalidMacException", 400;
    KmsInvalidSignature = "KMSInvalidSignatureException", 400;
    KmsInvalidState = "KMSInvalidStateException", 400;
    KeyUnavailable = "KeyUnavailableException", 500;
    LimitExceeded = "LimitExceededException", 400;
    MalformedPolicyDocument = "MalformedPolicyDocumentException", 400;
    NotFound = "NotFoundException", 400;
    Tag = "TagException", 400;
    UnsupportedOperation = "UnsupportedOperationException", 400;
    XksKeyAlreadyInUse = "XksKeyAlreadyInUseException", 400;
    XksKeyInvalidConfiguration = "XksKeyInvalidConfigurationException", 400;
    XksKeyNotFound = "XksKeyNotFoundException", 400;
    XksProxyIncorrectAuthenticationCredential = "XksProxyIncorrectAuthenticationCredentialException", 400;
    XksProxyInvalidConfiguration = "XksProxyInvalidConfigurationException", 400;
    XksProxyInvalidResponse = "XksProxyInvalidResponseException", 400;
    XksProxyUriEndpointInUse = "XksProxyUriEndpointInUseException", 400;
    XksProxyUriInUse = "XksProxyUriInUseException", 400;
    XksProxyUriUnreachable = "XksProxyUriUnreachableException", 400;
    XksProxyVpcEndpointServiceInUse = "XksProxyVpcEndpointServiceInUseException", 400;
    XksProxyVpcEndpointServiceInvalidConfiguration = "XksProxyVpcEndpointServiceInvalidConfigurationException", 400;
    XksProxyVpcEndpointServiceNotFound = "XksProxyVpcEndpointServiceNotFoundException", 400;
    // Not in the service model, but sent by the service.
    AccessDenied = "AccessDeniedException", 400;
    Serialization = "SerializationException", 400;
    Throttling = "ThrottlingException", 400;
    UnknownOperation = "UnknownOperationException", 400;
    Validation = "ValidationException", 400;
}

/// An error as the caller of an operation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The error code.
    pub code: ErrorCode,
    /// The text; empty where AWS KMS sends none.
    pub message: String,
    /// What an operator may know and the caller must not.
    pub detail: Option<Box<str>>,
}

/// The result of engine calls.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// An error with a text.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
        }
    }

    /// The error, with what goes to the audit log only.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Box<str>>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// The one error of every failed decryption, whatever the cause: a text would be an oracle.
    #[must_use]
    pub fn invalid_ciphertext() -> Self {
        Self::new(ErrorCode::InvalidCiphertext, "")
    }

    /// A constraint or cross-member rule the request breaks.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Validation, message)
    }

    /// A fault of ours or of what we stand on; the text says what an operator must look at.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::KmsInternal, message)
    }
}

impl From<crate::rows::Panicked> for Error {
    fn from(_: crate::rows::Panicked) -> Self {
        Self::internal("a thread of the batch panicked")
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Error {}
