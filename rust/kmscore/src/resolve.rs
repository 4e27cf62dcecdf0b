//! From the members of a request to the keys and aliases it acts on.

use std::sync::Arc;

use crate::admission::invalid_grant_token;
use crate::arn::{self, KeyReference};
use crate::ciphertext::{BlobHeader, KeyId};
use crate::error::{Error, ErrorCode, Result};
use crate::hierarchy::KeyHierarchy;
use crate::key_entry::KeyEntry;
use crate::key_table::KeyTable;
use crate::operations::asymmetric;
use crate::policy::Caller;
use crate::shapes::Resource;
use crate::store::Store;
use crate::value::Request;

/// Aliases that begin so belong to keys which AWS manages.
const MANAGED: &str = "alias/aws/";

/// The keys and the alias of one request.
#[derive(Default)]
pub struct Targets {
    /// In the order of the declaration's actions: source before destination, old key before new.
    pub keys: Vec<Arc<KeyEntry>>,
    /// Alias ARNs the request acts on.
    pub aliases: Vec<String>,
    /// The grant by which the caller is admitted, if it is by one.
    pub granted: Option<String>,
}

/// Looks up what a request names.
pub struct Resolver<'a> {
    /// The engine's view of the store.
    pub table: &'a KeyTable,
    /// Where the table loads from.
    pub store: &'a dyn Store,
    /// Who calls, and for which Region.
    pub caller: &'a Caller,
    /// Opens grant tokens.
    pub hierarchy: &'a KeyHierarchy,
    /// Microseconds since 1970.
    pub now: i64,
    /// Exactly AWS's documented forms: no alias where only a key id or ARN is documented.
    pub strict: bool,
}

impl Resolver<'_> {
    /// The targets of a request by the declaration's kind of resource.
    pub fn resolve(&self, resource: Resource, request: &Request) -> Result<Targets> {
        let keys = match resource {
            Resource::None | Resource::CustomKeyStore => vec![],
            Resource::Grant => vec![self.of_grant(request)?],
            Resource::AnyKeyForm => vec![self.any_form(required(request, "KeyId")?)?],
            Resource::KeyIdOrArn => vec![self.named(required(request, "KeyId")?, !self.strict)?],
            Resource::KeyFilter | Resource::OptionalKey => request
                .string("KeyId")
                .map(|text| self.named(text, !self.strict))
                .transpose()?
                .into_iter()
                .collect(),
            Resource::Ciphertext => {
                vec![self.of_ciphertext(request, "KeyId", "EncryptionAlgorithm")?]
            }
            Resource::ReEncrypt => vec![
                self.of_ciphertext(request, "SourceKeyId", "SourceEncryptionAlgorithm")?,
                self.any_form(required(request, "DestinationKeyId")?)?,
            ],
            Resource::RelatedKeys => {
                let key = self.named(required(request, "KeyId")?, !self.strict)?;
                let region = required(request, "PrimaryRegion")?;
                // That a key has no related ones is an error of the operation, after authorisation.
                if key.row().primary_region.is_none() {
                    vec![key]
                } else {
                    let related = self.related(&key, region)?;
                    vec![key, related]
                }
            }
            Resource::NewAlias | Resource::MovedAlias | Resource::Alias => {
                return self.alias(resource, request);
            }
        };
        Ok(Targets {
            keys,
            ..Targets::default()
        })
    }

    fn alias(&self, resource: Resource, request: &Request) -> Result<Targets> {
        let name = alias_name(required(request, "AliasName")?)?;
        let mut keys = vec![];
        if resource != Resource::NewAlias {
            keys.push(self.of_alias(None, name)?);
        }
        if resource != Resource::Alias {
            keys.push(self.named(required(request, "TargetKeyId")?, !self.strict)?);
        }
        Ok(Targets {
            keys,
            aliases: vec![arn::alias(&self.caller.region, &self.caller.account, name)],
            ..Targets::default()
        })
    }

    fn named(&self, text: &str, alias_allowed: bool) -> Result<Arc<KeyEntry>> {
        match KeyReference::parse(text, &self.caller.region)? {
            KeyReference::Key(account, id) => self.key(account, id),
            KeyReference::Alias(account, name) if alias_allowed => self.of_alias(account, name),
            KeyReference::Alias(..) => Err(arn::invalid_key_id(text)),
        }
    }

    /// The key named in any form. The alias of an AWS managed key that is not there yet makes it.
    fn any_form(&self, text: &str) -> Result<Arc<KeyEntry>> {
        match self.named(text, true) {
            Err(error) if error.code == ErrorCode::NotFound && self.makes_managed_key(text)? => {
                self.table.refresh(self.store)?;
                self.named(text, true)
            }
            found => found,
        }
    }

    fn makes_managed_key(&self, text: &str) -> Result<bool> {
        let Caller {
            account, region, ..
        } = self.caller;
        match KeyReference::parse(text, region)? {
            KeyReference::Alias(owner, name)
                if name.starts_with(MANAGED) && owner.is_none_or(|owner| owner == account) =>
            {
                self.store.make_managed_key(account, region, name)
            }
            _ => Ok(false),
        }
    }

    fn key(&self, account: Option<&str>, id: KeyId) -> Result<Arc<KeyEntry>> {
        let account = account.unwrap_or(&self.caller.account);
        self.load(id)?
            .filter(|key| *key.row().account == *account)
            .ok_or_else(|| {
                let arn = arn::key(&self.caller.region, account, id);
                Error::new(ErrorCode::NotFound, format!("Key '{arn}' does not exist"))
            })
    }

    fn of_alias(&self, account: Option<&str>, name: &str) -> Result<Arc<KeyEntry>> {
        let account = account.unwrap_or(&self.caller.account);
        let region = &self.caller.region;
        let target = self.table.alias(account, region, name, self.store)?;
        let key = target.map(|id| self.load(id)).transpose()?.flatten();
        key.ok_or_else(|| {
            let text = format!("Alias {} is not found.", arn::alias(region, account, name));
            Error::new(ErrorCode::NotFound, text)
        })
    }

    /// The key inside a symmetric blob; when a key was named too, it must be that one. Ciphertext of key pairs names
    /// nothing, so there the request must.
    fn of_ciphertext(
        &self,
        request: &Request,
        member: &str,
        algorithm: &str,
    ) -> Result<Arc<KeyEntry>> {
        if asymmetric(request, algorithm) {
            let text = request.string(member).ok_or_else(|| {
                let name = request.string(algorithm).unwrap_or_default();
                Error::validation(format!("{member} is required when {algorithm} is {name}."))
            })?;
            return self.any_form(text);
        }
        let named = request
            .string(member)
            .map(|text| self.any_form(text))
            .transpose()?;
        let blob = request.blob("CiphertextBlob").unwrap_or_default();
        let header = BlobHeader::parse(blob).ok_or_else(Error::invalid_ciphertext)?;
        match named {
            Some(key) if key.row().key_id == header.key_id => Ok(key),
            Some(_) => Err(Error::new(
                ErrorCode::IncorrectKey,
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )),
            None => self.load(header.key_id)?.ok_or_else(unknown_ciphertext_key),
        }
    }

    /// The multi-Region key of the same id in another Region.
    fn related(&self, key: &KeyEntry, region: &str) -> Result<Arc<KeyEntry>> {
        let (id, account) = (key.row().key_id, &key.row().account);
        let found = self.table.key(region, id, self.now, self.store)?;
        found.ok_or_else(|| {
            let arn = arn::key(region, account, id);
            Error::new(ErrorCode::NotFound, format!("Key '{arn}' does not exist"))
        })
    }

    /// The key of a grant that is named by a token, or by the key and the grant's id.
    fn of_grant(&self, request: &Request) -> Result<Arc<KeyEntry>> {
        let Some(token) = request.string("GrantToken") else {
            let text = request
                .string("KeyId")
                .filter(|_| request.string("GrantId").is_some());
            return self.named(text.ok_or_else(grant_not_named)?, !self.strict);
        };
        if request.string("KeyId").is_some() || request.string("GrantId").is_some() {
            return Err(grant_not_named());
        }
        let named = self
            .hierarchy
            .open_grant_token(token)
            .filter(|named| named.region == self.caller.region)
            .ok_or_else(invalid_grant_token)?;
        self.load(named.key_id)?.ok_or_else(invalid_grant_token)
    }

    fn load(&self, id: KeyId) -> Result<Option<Arc<KeyEntry>>> {
        self.table
            .key(&self.caller.region, id, self.now, self.store)
    }
}

/// The answer to a blob whose key is unknown here or forbidden: it does not say which.
#[must_use]
pub fn unknown_ciphertext_key() -> Error {
    Error::new(
        ErrorCode::AccessDenied,
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    )
}

fn required<'a>(request: &'a Request, member: &str) -> Result<&'a str> {
    request
        .string(member)
        .ok_or_else(|| Error::validation(format!("{member} is required.")))
}

fn grant_not_named() -> Error {
    Error::validation("You must specify either GrantToken, or both KeyId and GrantId.")
}

fn alias_name(name: &str) -> Result<&str> {
    if !name.starts_with("alias/") {
        let documentation = "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        let text =
            format!("Alias must start with the prefix \"alias/\". Please see {documentation}");
        return Err(Error::validation(text));
    }
    Ok(name)
}
