//! The values of condition keys in one call: what policies may ask of it.
//!
//! A default counts as if the request had sent it. Sources: AWS KMS developer guide, "AWS KMS condition keys"; IAM user
//! guide, "AWS global condition context keys".

use std::borrow::Cow;

use crate::identity::Identity;
use crate::iso8601;
use crate::key_entry::KeyEntry;
use crate::policy::{Caller, ConditionKey, Context, Principal, PrincipalKind, Values};
use crate::shapes::Operation;
use crate::spec::{KeySpec, KeyUsage, Origin};
use crate::value::{Request, Value};

/// A key with more aliases satisfies no condition on kms:ResourceAliases.
const ALIAS_QUOTA: usize = 50;

/// One call, seen from one of the keys it acts on.
pub(crate) struct RequestContext<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) request: &'a Request,
    pub(crate) caller: &'a Caller,
    pub(crate) identity: &'a Identity,
    /// The caller as policies name it.
    pub(crate) principal: &'a Principal,
    /// The key that is decided on; `None` for actions on no key.
    pub(crate) key: Option<&'a KeyEntry>,
    /// 0 for the source, 1 for the destination, where there are two.
    pub(crate) side: usize,
    /// Of ReEncrypt: source and destination are one key.
    pub(crate) same_key: bool,
    /// Microseconds since 1970.
    pub(crate) now: i64,
}

impl Context for RequestContext<'_> {
    fn values(&self, key: &ConditionKey) -> Values<'_> {
        match key.name().split_once(':') {
            Some(("kms", name)) => self.of_kms(name),
            Some(("aws", name)) => self.of_aws(name),
            _ => Values::Missing,
        }
    }
}

impl RequestContext<'_> {
    fn of_kms(&self, name: &str) -> Values<'_> {
        if let Some(pair) = name.strip_prefix("encryptioncontext:") {
            return self.context_pair(pair);
        }
        match name {
            "bypasspolicylockoutsafetycheck" => self.flag("BypassPolicyLockoutSafetyCheck"),
            "calleraccount" => maybe(Some(&self.caller.account)),
            "keyspec" | "customermasterkeyspec" => maybe(self.key_spec()),
            "keyusage" | "customermasterkeyusage" => maybe(self.key_usage()),
            "keyorigin" => maybe(self.key_origin()),
            "multiregion" => self.multi_region(),
            "multiregionkeytype" => maybe(self.multi_region_key_type()),
            "encryptionalgorithm" => maybe(self.encryption_algorithm()),
            "signingalgorithm" => self.member("SigningAlgorithm"),
            "messagetype" => self.member_or("MessageType", "RAW"),
            "macalgorithm" => self.member("MacAlgorithm"),
            "keyagreementalgorithm" => self.member("KeyAgreementAlgorithm"),
            "encapsulationalgorithm" => self.member("EncapsulationAlgorithm"),
            "datakeypairspec" => self.member("KeyPairSpec"),
            "encryptioncontextkeys" => {
                many(self.encryption_context().iter().map(|(k, _)| k.as_str()))
            }
            "granteeprincipal" => self.member("GranteePrincipal"),
            "granteeserviceprincipal" => self.member("GranteeServicePrincipal"),
            "retiringprincipal" => self.member("RetiringPrincipal"),
            "retiringserviceprincipal" => self.member("RetiringServicePrincipal"),
            "grantoperations" => self.texts("Operations"),
            "grantconstrainttype" => maybe(self.grant_constraint_type()),
            "grantconstraintsourcearn" => match self.grant_constraint("SourceArn") {
                Some(Value::String(arn)) => maybe(Some(arn)),
                _ => Values::Missing,
            },
            "grantisforawsresource"
                if self.is_one_of(&["CreateGrant", "ListGrants", "RevokeGrant"]) =>
            {
                truth(self.caller.facts.via_service.is_some())
            }
            "expirationmodel" => self.member_or("ExpirationModel", "KEY_MATERIAL_EXPIRES"),
            "validto" => match self.request.member("ValidTo") {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "whole seconds are compared"
                )]
                Some(Value::Timestamp(time)) => number(Some(*time as i64)),
                _ => Values::Missing,
            },
            "wrappingalgorithm" => self.member("WrappingAlgorithm"),
            "wrappingkeyspec" => self.member("WrappingKeySpec"),
            "policyname" => self.member_or("PolicyName", "default"),
            "primaryregion" => self.member("PrimaryRegion"),
            "replicaregion" => self.member("ReplicaRegion"),
            "reencryptonsamekey" if self.operation.name == "ReEncrypt" => truth(self.same_key),
            "requestalias" => maybe(self.request_alias()),
            "resourcealiases" => self.resource_aliases(),
            "rotationperiodindays" => self.number_or("RotationPeriodInDays", 365),
            "schedulekeydeletionpendingwindowindays" => self.number_or("PendingWindowInDays", 30),
            "viaservice" => maybe(self.caller.facts.via_service.as_deref()),
            _ => Values::Missing,
        }
    }

    fn of_aws(&self, name: &str) -> Values<'_> {
        let facts = &*self.caller.facts;
        let principal = self.principal;
        if let Some((kind, tag)) = name.split_once('/') {
            return self.tag(kind, tag);
        }
        match name {
            "principalarn" => maybe(Some(principal.principal_arn())),
            "principalaccount" => maybe(principal.account()),
            "principalorgid" => maybe(self.identity.row.organization.as_deref()),
            "principaltype" => maybe(Some(match principal.kind() {
                PrincipalKind::Root => "Account",
                PrincipalKind::User => "User",
                PrincipalKind::RoleSession => "AssumedRole",
                PrincipalKind::FederatedUser => "FederatedUser",
                PrincipalKind::Service => "Service",
                PrincipalKind::Anonymous => "Anonymous",
            })),
            "principalisawsservice" => truth(principal.kind() == PrincipalKind::Service),
            "principalservicename" if principal.kind() == PrincipalKind::Service => {
                maybe(principal.name())
            }
            "userid" => self.user_id(),
            "username" if principal.kind() == PrincipalKind::User => maybe(principal.name()),
            "sourceip" => maybe(facts.source_ip.as_deref()),
            "sourcevpc" => maybe(facts.source_vpc.as_deref()),
            "sourcevpce" => maybe(facts.source_vpce.as_deref()),
            "sourcearn" => maybe(facts.source_arn.as_deref()),
            "sourceaccount" => maybe(facts.source_account.as_deref()),
            "currenttime" => Values::One(Cow::Owned(iso8601::write(self.now))),
            "epochtime" => number(Some(self.now.div_euclid(1_000_000))),
            "tokenissuetime" => facts.token_issue_time.map_or(Values::Missing, |time| {
                Values::One(Cow::Owned(iso8601::write(time)))
            }),
            "securetransport" => facts.secure_transport.map_or(Values::Missing, truth),
            "multifactorauthpresent" => facts.mfa_present.map_or(Values::Missing, truth),
            "multifactorauthage" => number(
                facts
                    .mfa_time
                    .map(|time| (self.now - time).div_euclid(1_000_000)),
            ),
            "tagkeys" => self.tag_keys(),
            "requestedregion" => maybe(Some(&self.caller.region)),
            "resourceaccount" => maybe(self.key.map(|key| &*key.row().account)),
            "calledvia" => many(facts.called_via.iter().map(String::as_str)),
            "calledviafirst" => maybe(facts.called_via.first().map(String::as_str)),
            "calledvialast" => maybe(facts.called_via.last().map(String::as_str)),
            "viaawsservice" => truth(facts.via_service.is_some()),
            "useragent" => maybe(facts.user_agent.as_deref()),
            _ => Values::Missing,
        }
    }

    fn is_one_of(&self, operations: &[&str]) -> bool {
        operations.contains(&self.operation.name)
    }

    fn has_member(&self, name: &str) -> bool {
        let members = self.operation.input.members;
        members.iter().any(|member| member.name == name)
    }

    fn member(&self, name: &str) -> Values<'_> {
        maybe(self.request.string(name))
    }

    /// A member of this operation, or the value it has when it is not sent.
    fn member_or(&self, name: &str, default: &'static str) -> Values<'_> {
        match self.request.string(name) {
            None if self.has_member(name) => maybe(Some(default)),
            sent => maybe(sent),
        }
    }

    fn number_or(&self, name: &str, default: i64) -> Values<'_> {
        let sent = self.request.integer(name);
        number(sent.or_else(|| self.has_member(name).then_some(default)))
    }

    fn flag(&self, name: &str) -> Values<'_> {
        if self.has_member(name) {
            return truth(self.request.flag(name));
        }
        Values::Missing
    }

    fn texts(&self, name: &str) -> Values<'_> {
        many(self.request.list(name).iter().filter_map(text))
    }

    fn makes_a_key(&self) -> bool {
        self.key.is_none() && self.operation.name == "CreateKey"
    }

    fn key_spec(&self) -> Option<&str> {
        if self.makes_a_key() {
            let sent = self.request.string("KeySpec");
            let sent = sent.or_else(|| self.request.string("CustomerMasterKeySpec"));
            return Some(sent.unwrap_or(KeySpec::SymmetricDefault.name()));
        }
        self.key.map(|key| key.row().spec.name())
    }

    fn key_usage(&self) -> Option<&str> {
        if self.makes_a_key() {
            let sent = self.request.string("KeyUsage");
            return Some(sent.unwrap_or(KeyUsage::EncryptDecrypt.name()));
        }
        self.key.map(|key| key.row().usage.name())
    }

    fn key_origin(&self) -> Option<&str> {
        if self.makes_a_key() {
            let sent = self.request.string("Origin");
            return Some(sent.unwrap_or(Origin::AwsKms.name()));
        }
        self.key.map(|key| key.row().origin.name())
    }

    fn multi_region(&self) -> Values<'_> {
        match self.key {
            Some(key) => truth(key.row().primary_region.is_some()),
            None => self.flag("MultiRegion"),
        }
    }

    fn multi_region_key_type(&self) -> Option<&str> {
        match self.key {
            Some(key) => {
                let primary = key.row().primary_region.as_ref()?;
                let is_primary = *primary == key.row().region;
                Some(if is_primary { "PRIMARY" } else { "REPLICA" })
            }
            None => self.request.flag("MultiRegion").then_some("PRIMARY"),
        }
    }

    fn encryption_algorithm(&self) -> Option<&str> {
        const DEFAULT: &str = "SYMMETRIC_DEFAULT";
        let member = match (self.operation.name, self.side) {
            ("ReEncrypt", 0) => "SourceEncryptionAlgorithm",
            ("ReEncrypt", _) => "DestinationEncryptionAlgorithm",
            ("Encrypt" | "Decrypt" | "EncryptBatch" | "DecryptBatch", _) => "EncryptionAlgorithm",
            (name, _) if name.starts_with("GenerateDataKey") => return Some(DEFAULT),
            _ => return None,
        };
        Some(self.request.string(member).unwrap_or(DEFAULT))
    }

    pub(crate) fn encryption_context(&self) -> &[(String, String)] {
        match (self.operation.name, self.side) {
            ("ReEncrypt", 0) => self.request.map("SourceEncryptionContext"),
            ("ReEncrypt", _) => self.request.map("DestinationEncryptionContext"),
            ("CreateGrant", _) => ["EncryptionContextEquals", "EncryptionContextSubset"]
                .into_iter()
                .find_map(|name| match self.grant_constraint(name) {
                    Some(Value::Map(pairs)) => Some(pairs.as_slice()),
                    _ => None,
                })
                .unwrap_or_default(),
            _ => self.request.map("EncryptionContext"),
        }
    }

    /// Pairs whose keys differ by nothing but letter case have the values of one condition key.
    fn context_pair(&self, name: &str) -> Values<'_> {
        let pairs = self.encryption_context().iter();
        let mut named = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            (None, _) => Values::Missing,
            (Some((_, value)), None) => maybe(Some(value)),
            (Some((_, one)), Some((_, other))) => many(
                [one, other]
                    .into_iter()
                    .chain(named.map(|(_, value)| value))
                    .map(String::as_str),
            ),
        }
    }

    fn grant_constraint(&self, name: &str) -> Option<&Value> {
        let Some(Value::Structure(constraints)) = self.request.member("Constraints") else {
            return None;
        };
        constraints
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    fn grant_constraint_type(&self) -> Option<&'static str> {
        [
            "EncryptionContextEquals",
            "EncryptionContextSubset",
            "SourceArn",
        ]
        .into_iter()
        .find(|name| self.grant_constraint(name).is_some())
    }

    fn request_alias(&self) -> Option<&str> {
        let member = match (self.operation.name, self.side) {
            ("ReEncrypt", 0) => "SourceKeyId",
            ("ReEncrypt", _) => "DestinationKeyId",
            _ => "KeyId",
        };
        let sent = self.request.string(member)?;
        sent.find("alias/").map(|at| &sent[at..])
    }

    fn resource_aliases(&self) -> Values<'_> {
        let aliases = self.key.map_or(&[][..], |key| &key.row().aliases);
        if aliases.len() > ALIAS_QUOTA {
            return Values::Missing;
        }
        many(aliases.iter().map(String::as_str))
    }

    fn request_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.request.list("Tags").iter().filter_map(|tag| {
            let Value::Structure(members) = tag else {
                return None;
            };
            let member = |name: &str| {
                let found = members.iter().find(|(known, _)| *known == name);
                found.and_then(|(_, value)| text(value))
            };
            Some((member("TagKey")?, member("TagValue")?))
        })
    }

    fn tag_keys(&self) -> Values<'_> {
        let of_tags = self.request_tags().map(|(key, _)| key);
        let removed = self.request.list("TagKeys").iter().filter_map(text);
        many(of_tags.chain(removed))
    }

    fn tag(&self, kind: &str, tag: &str) -> Values<'_> {
        fn found<'t>(tags: &'t [(String, String)], tag: &str) -> Option<&'t str> {
            let found = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
            found.map(|(_, value)| value.as_str())
        }
        maybe(match kind {
            "principaltag" => found(&self.caller.facts.session_tags, tag)
                .or_else(|| found(&self.identity.row.tags, tag)),
            "resourcetag" => self.key.and_then(|key| found(&key.row().tags, tag)),
            "requesttag" => {
                let mut tags = self.request_tags();
                tags.find(|(key, _)| key.eq_ignore_ascii_case(tag))
                    .map(|(_, value)| value)
            }
            _ => None,
        })
    }

    fn user_id(&self) -> Values<'_> {
        let principal = self.principal;
        let unique = self.identity.row.unique_id.as_str();
        match (principal.kind(), principal.session_name()) {
            (PrincipalKind::Root, _) => maybe(principal.account()),
            (_, _) if unique.is_empty() => Values::Missing,
            (_, Some(session)) => Values::One(Cow::Owned(format!("{unique}:{session}"))),
            (_, None) => maybe(Some(unique)),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A text that may be absent.
fn maybe(value: Option<&str>) -> Values<'_> {
    value.map_or(Values::Missing, Values::text)
}

const fn truth<'a>(value: bool) -> Values<'a> {
    Values::text(if value { "true" } else { "false" })
}

fn number<'a>(value: Option<i64>) -> Values<'a> {
    value.map_or(Values::Missing, |value| {
        Values::One(Cow::Owned(value.to_string()))
    })
}

/// A multivalued key; absent when there is no value.
fn many<'a>(values: impl IntoIterator<Item = &'a str>) -> Values<'a> {
    let values: Vec<_> = values.into_iter().map(Cow::Borrowed).collect();
    if values.is_empty() {
        return Values::Missing;
    }
    Values::Many(values)
}
