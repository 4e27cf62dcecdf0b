//! The values of condition keys in one call: what policies may ask of it.
//!
//! A default counts as if the request had sent it. Sources: AWS KMS developer guide, "AWS KMS condition keys"; IAM user
//! guide, "AWS global condition context keys".

use std::borrow::Cow;

use crate::identity::Identity;
use crate::iso8601;
use crate::key_table::KeyEntry;
use crate::policy::{Caller, Context, PrincipalKind, Values};
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
    fn values(&self, key: &str) -> Values<'_> {
        match key.split_once(':') {
            Some(("kms", name)) => self.of_kms(name),
            Some(("aws", name)) => self.of_aws(name),
            _ => Values::Absent,
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
            "calleraccount" => Values::text(Some(&self.caller.account)),
            "keyspec" | "customermasterkeyspec" => Values::text(self.key_spec()),
            "keyusage" | "customermasterkeyusage" => Values::text(self.key_usage()),
            "keyorigin" => Values::text(self.key_origin()),
            "multiregion" => self.multi_region(),
            "multiregionkeytype" => Values::text(self.multi_region_key_type()),
            "encryptionalgorithm" => Values::text(self.encryption_algorithm()),
            "signingalgorithm" => self.member("SigningAlgorithm"),
            "messagetype" => self.member_or("MessageType", "RAW"),
            "macalgorithm" => self.member("MacAlgorithm"),
            "keyagreementalgorithm" => self.member("KeyAgreementAlgorithm"),
            "encapsulationalgorithm" => self.member("EncapsulationAlgorithm"),
            "datakeypairspec" => self.member("KeyPairSpec"),
            "encryptioncontextkeys" => {
                Values::many(self.encryption_context().iter().map(|(k, _)| k.as_str()))
            }
            "granteeprincipal" => self.member("GranteePrincipal"),
            "granteeserviceprincipal" => self.member("GranteeServicePrincipal"),
            "retiringprincipal" => self.member("RetiringPrincipal"),
            "retiringserviceprincipal" => self.member("RetiringServicePrincipal"),
            "grantoperations" => self.texts("Operations"),
            "grantconstrainttype" => Values::text(self.grant_constraint_type()),
            "grantconstraintsourcearn" => match self.grant_constraint("SourceArn") {
                Some(Value::String(arn)) => Values::text(Some(arn)),
                _ => Values::Absent,
            },
            "grantisforawsresource"
                if self.is_one_of(&["CreateGrant", "ListGrants", "RevokeGrant"]) =>
            {
                Values::truth(self.caller.facts.via_service.is_some())
            }
            "expirationmodel" => self.member_or("ExpirationModel", "KEY_MATERIAL_EXPIRES"),
            "validto" => match self.request.member("ValidTo") {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "whole seconds are compared"
                )]
                Some(Value::Timestamp(time)) => Values::number(Some(*time as i64)),
                _ => Values::Absent,
            },
            "wrappingalgorithm" => self.member("WrappingAlgorithm"),
            "wrappingkeyspec" => self.member("WrappingKeySpec"),
            "policyname" => self.member_or("PolicyName", "default"),
            "primaryregion" => self.member("PrimaryRegion"),
            "replicaregion" => self.member("ReplicaRegion"),
            "reencryptonsamekey" if self.operation.name == "ReEncrypt" => {
                Values::truth(self.same_key)
            }
            "requestalias" => Values::text(self.request_alias()),
            "resourcealiases" => self.resource_aliases(),
            "rotationperiodindays" => self.number_or("RotationPeriodInDays", 365),
            "schedulekeydeletionpendingwindowindays" => self.number_or("PendingWindowInDays", 30),
            "viaservice" => Values::text(self.caller.facts.via_service.as_deref()),
            _ => Values::Absent,
        }
    }

    fn of_aws(&self, name: &str) -> Values<'_> {
        let facts = &*self.caller.facts;
        let principal = &*self.caller.principal;
        if let Some((kind, tag)) = name.split_once('/') {
            return self.tag(kind, tag);
        }
        match name {
            "principalarn" => Values::text(Some(
                principal.role_arn.as_deref().unwrap_or(&principal.arn),
            )),
            "principalaccount" if principal.kind != PrincipalKind::Service => {
                Values::text(Some(&principal.account))
            }
            "principalorgid" => Values::text(self.identity.row.organization.as_deref()),
            "principaltype" => Values::text(Some(match principal.kind {
                PrincipalKind::Root => "Account",
                PrincipalKind::User => "User",
                PrincipalKind::Role => "AssumedRole",
                PrincipalKind::Federated => "FederatedUser",
                PrincipalKind::Service => "Service",
            })),
            "principalisawsservice" => Values::truth(principal.kind == PrincipalKind::Service),
            "principalservicename" if principal.kind == PrincipalKind::Service => {
                Values::text(Some(&principal.arn))
            }
            "userid" => self.user_id(),
            "username" if principal.kind == PrincipalKind::User => {
                Values::text(Some(&principal.name))
            }
            "sourceip" => Values::text(facts.source_ip.as_deref()),
            "sourcevpc" => Values::text(facts.source_vpc.as_deref()),
            "sourcevpce" => Values::text(facts.source_vpce.as_deref()),
            "sourcearn" => Values::text(facts.source_arn.as_deref()),
            "sourceaccount" => Values::text(facts.source_account.as_deref()),
            "currenttime" => Values::One(Cow::Owned(iso8601::write(self.now))),
            "epochtime" => Values::number(Some(self.now.div_euclid(1_000_000))),
            "tokenissuetime" => facts.token_issue_time.map_or(Values::Absent, |time| {
                Values::One(Cow::Owned(iso8601::write(time)))
            }),
            "securetransport" => facts.secure_transport.map_or(Values::Absent, Values::truth),
            "multifactorauthpresent" => facts.mfa_present.map_or(Values::Absent, Values::truth),
            "multifactorauthage" => Values::number(
                facts
                    .mfa_time
                    .map(|time| (self.now - time).div_euclid(1_000_000)),
            ),
            "tagkeys" => self.tag_keys(),
            "requestedregion" => Values::text(Some(&self.caller.region)),
            "resourceaccount" => Values::text(self.key.map(|key| &*key.row().account)),
            "calledvia" => Values::many(facts.called_via.iter().map(String::as_str)),
            "calledviafirst" => Values::text(facts.called_via.first().map(String::as_str)),
            "calledvialast" => Values::text(facts.called_via.last().map(String::as_str)),
            "viaawsservice" => Values::truth(facts.via_service.is_some()),
            "useragent" => Values::text(facts.user_agent.as_deref()),
            _ => Values::Absent,
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
        Values::text(self.request.string(name))
    }

    /// A member of this operation, or the value it has when it is not sent.
    fn member_or(&self, name: &str, default: &'static str) -> Values<'_> {
        match self.request.string(name) {
            None if self.has_member(name) => Values::text(Some(default)),
            sent => Values::text(sent),
        }
    }

    fn number_or(&self, name: &str, default: i64) -> Values<'_> {
        let sent = self.request.integer(name);
        Values::number(sent.or_else(|| self.has_member(name).then_some(default)))
    }

    fn flag(&self, name: &str) -> Values<'_> {
        if self.has_member(name) {
            return Values::truth(self.request.flag(name));
        }
        Values::Absent
    }

    fn texts(&self, name: &str) -> Values<'_> {
        Values::many(self.request.list(name).iter().filter_map(text))
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
            Some(key) => Values::truth(key.row().primary_region.is_some()),
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
            (None, _) => Values::Absent,
            (Some((_, value)), None) => Values::text(Some(value)),
            (Some((_, one)), Some((_, other))) => Values::many(
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
            return Values::Absent;
        }
        Values::many(aliases.iter().map(String::as_str))
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
        Values::many(of_tags.chain(removed))
    }

    fn tag(&self, kind: &str, tag: &str) -> Values<'_> {
        fn found<'t>(tags: &'t [(String, String)], tag: &str) -> Option<&'t str> {
            let found = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
            found.map(|(_, value)| value.as_str())
        }
        Values::text(match kind {
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
        let principal = &*self.caller.principal;
        let unique = self.identity.row.unique_id.as_str();
        match (principal.kind, &principal.session) {
            (PrincipalKind::Root, _) => Values::text(Some(&principal.account)),
            (_, _) if unique.is_empty() => Values::Absent,
            (_, Some(session)) => Values::One(Cow::Owned(format!("{unique}:{session}"))),
            (_, None) => Values::text(Some(unique)),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
