//! Amazon resource names of keys and aliases, and what a `KeyId` member may hold.

use crate::ciphertext::KeyId;
use crate::error::{Error, ErrorCode, Result};

/// The partition of a Region.
#[must_use]
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// `arn:aws:kms:<region>:<account>:key/<id>`
#[must_use]
pub fn key(region: &str, account: &str, key_id: KeyId) -> String {
    format!(
        "arn:{}:kms:{region}:{account}:key/{key_id}",
        partition(region)
    )
}

/// `arn:aws:kms:<region>:<account>:alias/<name>`; `name` begins with `alias/`.
#[must_use]
pub fn alias(region: &str, account: &str, name: &str) -> String {
    format!("arn:{}:kms:{region}:{account}:{name}", partition(region))
}

/// `arn:aws:iam::<account>:root`
#[must_use]
pub fn root(region: &str, account: &str) -> String {
    format!("arn:{}:iam::{account}:root", partition(region))
}

/// What a request names as a key.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyReference<'a> {
    /// A key id, in the caller's account unless an ARN named another.
    Key(Option<&'a str>, KeyId),
    /// An alias name, likewise.
    Alias(Option<&'a str>, &'a str),
}

impl<'a> KeyReference<'a> {
    /// Reads a key id, key ARN, alias name or alias ARN of this Region.
    pub fn parse(text: &'a str, region: &str) -> Result<Self> {
        if text.starts_with("alias/") {
            return Ok(Self::Alias(None, text));
        }
        if !text.starts_with("arn:") {
            return KeyId::parse(text)
                .map(|id| Self::Key(None, id))
                .ok_or_else(|| invalid_key_id(text));
        }
        let mut parts = text.splitn(6, ':').skip(1);
        let mut part = || {
            parts
                .next()
                .ok_or_else(|| Error::new(ErrorCode::InvalidArn, format!("Invalid arn {text}")))
        };
        let (partition_name, service, named_region, account, resource) =
            (part()?, part()?, part()?, part()?, part()?);
        if partition_name != partition(region) || service != "kms" {
            return Err(Error::new(
                ErrorCode::InvalidArn,
                format!("Invalid arn {text}"),
            ));
        }
        if named_region != region {
            return Err(Error::new(
                ErrorCode::NotFound,
                format!("Invalid arn {named_region}"),
            ));
        }
        if resource.starts_with("alias/") {
            return Ok(Self::Alias(Some(account), resource));
        }
        let id = resource.strip_prefix("key/").and_then(KeyId::parse);
        id.map(|id| Self::Key(Some(account), id))
            .ok_or_else(|| invalid_key_id(resource))
    }
}

/// The answer to something that cannot be a key id.
#[must_use]
pub fn invalid_key_id(text: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("Invalid keyId '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn parse(text: &str) -> Result<KeyReference<'_>> {
        KeyReference::parse(text, "us-east-1")
    }

    #[test]
    fn all_four_forms_are_read() {
        let id = KeyId::parse(ID).expect("a UUID");
        assert_eq!(parse(ID), Ok(KeyReference::Key(None, id)));
        assert_eq!(parse("alias/a"), Ok(KeyReference::Alias(None, "alias/a")));
        let arn = key("us-east-1", "123456789012", id);
        assert_eq!(parse(&arn), Ok(KeyReference::Key(Some("123456789012"), id)));
        let arn = alias("us-east-1", "123456789012", "alias/a");
        assert_eq!(
            parse(&arn),
            Ok(KeyReference::Alias(Some("123456789012"), "alias/a"))
        );
    }

    #[test]
    fn what_is_no_key_id_is_not_found_with_its_text() {
        let fault = parse("fake-key-id").expect_err("not a key id");
        assert_eq!(
            (fault.code, fault.message.as_str()),
            (ErrorCode::NotFound, "Invalid keyId 'fake-key-id'")
        );
    }

    #[test]
    fn an_arn_of_another_region_is_not_found() {
        let arn = format!("arn:aws:kms:us-west-2:123456789012:key/{ID}");
        assert_eq!(
            parse(&arn).expect_err("other Region").message,
            "Invalid arn us-west-2"
        );
    }

    #[test]
    fn an_arn_of_another_service_is_invalid() {
        assert_eq!(
            parse("arn:aws:s3:us-east-1:1:key/x").expect_err("s3").code,
            ErrorCode::InvalidArn
        );
        assert_eq!(
            parse("arn:aws").expect_err("short").code,
            ErrorCode::InvalidArn
        );
    }
}
