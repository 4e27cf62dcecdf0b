//! Policy documents, compiled once.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS KMS API Reference, PutKeyPolicy.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::context::ConditionKey;
use super::fault::{Fault, Rule};
use super::json::Node;
use super::principal::Named;
use super::statement::Statement;

/// What a policy is attached to, and so what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The policy of a KMS key.
    KeyPolicy,
    /// A policy of a user, group or role.
    Identity,
    /// A policy passed when a session was made.
    Session,
    /// A permissions boundary.
    Boundary,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
    /// The trust policy of a role.
    Trust,
}

impl Kind {
    const NAMES: [(Self, &'static str); 8] = [
        (Self::KeyPolicy, "key"),
        (Self::Identity, "identity"),
        (Self::Session, "session"),
        (Self::Boundary, "boundary"),
        (Self::ServiceControl, "service_control"),
        (Self::ResourceControl, "resource_control"),
        (Self::VpcEndpoint, "vpc_endpoint"),
        (Self::Trust, "trust"),
    ];

    /// The kind of this name, as the store has it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }
}

/// What a statement that applies does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// Longest key policy, in characters of Latin-1, which are its bytes.
pub const KEY_POLICY_LENGTH: usize = 32_768;
/// No policy of AWS is longer.
const LENGTH: usize = 131_072;

/// A compiled policy.
#[derive(Debug)]
pub struct Document {
    identity: u64,
    kind: Kind,
    statements: Box<[Statement]>,
    reads: Box<[ConditionKey]>,
    volatile: bool,
}

impl Document {
    /// Compiles the text of a policy.
    pub fn compile(text: &str, kind: Kind) -> Result<Self, Fault> {
        check_text(text, kind)?;
        let Node::Object(members) = Node::parse(text)? else {
            return Err(Fault::syntax("A policy must be an object."));
        };
        let mut variables = false;
        let mut statements = None;
        for (name, node) in &members {
            match (name.as_str(), node) {
                ("Version", Node::Text(version)) if version == "2012-10-17" => variables = true,
                ("Version", Node::Text(version)) if version == "2008-10-17" => {}
                ("Version", _) => {
                    return Err(Fault::syntax(
                        "The policy must contain a valid version string.",
                    ));
                }
                ("Id", Node::Text(_)) => {}
                ("Id", _) => return Err(Fault::syntax("Id must be a string.")),
                ("Statement", Node::Array(list)) => statements = Some(list.as_slice()),
                ("Statement", one) => statements = Some(core::slice::from_ref(one)),
                _ => return Err(Fault::syntax(format!("Unknown element {name:?}."))),
            }
        }
        let nodes = statements.unwrap_or_default();
        if nodes.is_empty() {
            return Err(Fault::syntax(
                "A policy must contain at least one Statement.",
            ));
        }
        let compile = |node| Statement::compile(node, kind, variables);
        let statements: Vec<Statement> = nodes.iter().map(compile).collect::<Result<_, _>>()?;
        check_sids(&statements, kind)?;
        Ok(Self::of(statements, kind))
    }

    fn of(statements: Vec<Statement>, kind: Kind) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let reads: BTreeSet<ConditionKey> = statements
            .iter()
            .flat_map(Statement::keys)
            .cloned()
            .collect();
        Self {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            kind,
            volatile: reads.iter().any(ConditionKey::is_volatile),
            reads: reads.into_iter().collect(),
            statements: statements.into(),
        }
    }

    /// What it was compiled as.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The condition keys it reads, in conditions and in policy variables, each once.
    #[must_use]
    pub fn condition_keys(&self) -> &[ConditionKey] {
        &self.reads
    }

    /// It reads a key that moves with time, so that no decision on it may be kept.
    #[must_use]
    pub const fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// The actions it names, as they are written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(Statement::actions)
    }

    /// Every principal it names, so that a caller can check that it exists.
    pub fn principals(&self) -> impl Iterator<Item = &Named> {
        let named = self
            .statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref());
        named.flat_map(|principals| principals.named.iter())
    }

    /// Unique ids of deleted users and roles among its principals; PutKeyPolicy refuses a policy with any.
    pub fn unique_ids(&self) -> impl Iterator<Item = &str> {
        self.principals().filter_map(|named| match named {
            Named::UniqueId(id) => Some(&**id),
            _ => None,
        })
    }

    /// Actions under `kms:` that cover no action of AWS KMS.
    pub fn unknown_actions(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(Statement::unknown_actions)
    }

    /// Condition keys under `kms:` and `aws:` that are not known, in lower case.
    pub fn unknown_condition_keys(&self) -> impl Iterator<Item = &str> {
        let ours =
            |key: &&ConditionKey| key.name().starts_with("kms:") || key.name().starts_with("aws:");
        self.reads
            .iter()
            .filter(ours)
            .filter(|key| key.index().is_none())
            .map(ConditionKey::name)
    }

    /// A statement's Sid, or `#` and its number from 1.
    #[must_use]
    pub fn statement_name(&self, index: usize) -> String {
        match self
            .statements
            .get(index)
            .and_then(|statement| statement.sid())
        {
            Some(sid) if !sid.is_empty() => sid.to_owned(),
            _ => format!("#{}", index + 1),
        }
    }

    /// A number no other document of this process has or had.
    pub(super) const fn identity(&self) -> u64 {
        self.identity
    }

    pub(super) fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

fn check_text(text: &str, kind: Kind) -> Result<(), Fault> {
    let latin = |character: char| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if kind == Kind::KeyPolicy && !text.chars().all(latin) {
        return Err(Fault::new(
            Rule::Characters,
            "The policy contains characters outside of the printable Latin-1 range.",
        ));
    }
    let limit = if kind == Kind::KeyPolicy {
        KEY_POLICY_LENGTH
    } else {
        LENGTH
    };
    if text.chars().nth(limit).is_some() {
        return Err(Fault::new(
            Rule::TooLong,
            format!("The policy is longer than the limit of {limit} bytes."),
        ));
    }
    Ok(())
}

fn check_sids(statements: &[Statement], kind: Kind) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    let mut named = statements.iter().filter_map(|statement| statement.sid());
    if is_iam(kind) && !named.all(|sid| sid.is_empty() || seen.insert(sid)) {
        return Err(Fault::syntax(
            "Statement IDs (SID) in a single policy must be unique.",
        ));
    }
    Ok(())
}

pub(super) const fn is_iam(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Identity | Kind::Session | Kind::Boundary | Kind::ServiceControl
    )
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
