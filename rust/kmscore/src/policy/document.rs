//! A policy document: what it may hold, and what it is compiled into.
//!
//! Source: IAM user guide, "IAM JSON policy element reference"; AWS KMS developer guide, "Elements in a key policy".

use super::condition::Condition;
use super::context::Context;
use super::json::Json;
use super::pattern::{Pattern, Reading};
use super::principal::{Match, Principal, PrincipalPattern};

/// The longest key policy, in bytes.
pub const KEY_POLICY_LIMIT: usize = 32_768;

/// What a policy is attached to, and so which elements it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a KMS key.
    Key,
    /// Of a user, role or group.
    Identity,
    /// Given when a session was made.
    Session,
    /// The permissions boundary of a user or role.
    Boundary,
    /// Of an organization, over the principals of an account.
    ServiceControl,
    /// Of an organization, over the resources of an account.
    ResourceControl,
    /// Of a VPC endpoint.
    VpcEndpoint,
    /// Who may assume a role.
    Trust,
}

impl Kind {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Key, "key"),
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
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    /// Names principals.
    const fn has_principals(self) -> bool {
        matches!(
            self,
            Self::Key | Self::ResourceControl | Self::VpcEndpoint | Self::Trust
        )
    }

    /// What AWS calls a policy of this kind in its texts.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Key | Self::Trust => "resource-based",
            Self::Identity => "identity-based",
            Self::Session => "session",
            Self::Boundary => "permissions boundary",
            Self::ServiceControl => "service control",
            Self::ResourceControl => "resource control",
            Self::VpcEndpoint => "VPC endpoint",
        }
    }
}

/// What is wrong with a policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Malformed; the text names the element and the rule.
    Malformed(String),
    /// Longer than the limit.
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::Malformed(text.into())
    }

    pub(super) fn element(element: &str, rule: &str) -> Self {
        Self::Malformed(format!("Policy document is malformed: {element} {rule}."))
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Malformed(text) => f.write_str(text),
            Self::TooLong { length, limit } => write!(
                f,
                "The policy is {length} bytes long; the most is {limit} bytes."
            ),
        }
    }
}

/// What the version of a policy decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// `${...}` stands for values of the request.
    pub(super) variables: bool,
}

/// A compiled policy.
#[derive(Debug, PartialEq)]
pub struct Document {
    kind: Kind,
    statements: Vec<Statement>,
    keys: Vec<String>,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

/// A compiled statement.
#[derive(Debug, PartialEq)]
pub struct Statement {
    label: String,
    effect: Effect,
    principals: Option<OneOf<PrincipalPattern>>,
    actions: Option<OneOf<Pattern>>,
    resources: Option<OneOf<Pattern>>,
    conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, and so on.
#[derive(Debug, PartialEq)]
struct OneOf<T> {
    not: bool,
    items: Vec<T>,
}

/// What a statement is asked about.
pub(super) struct Asked<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) principal: &'a Principal,
    pub(super) context: &'a dyn Context,
}

impl Document {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// The document is malformed or too long.
    pub fn compile(text: &str, kind: Kind) -> Result<Self, Fault> {
        if kind == Kind::Key {
            if text.len() > KEY_POLICY_LIMIT {
                return Err(Fault::TooLong {
                    length: text.len(),
                    limit: KEY_POLICY_LIMIT,
                });
            }
            let printable =
                |sign| matches!(sign, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{ff}');
            if let Some(sign) = text.chars().find(|sign| !printable(*sign)) {
                return Err(Fault::new(format!(
                    "Policy document is malformed: it has the character {sign:?}, which is outside of printable Latin-1."
                )));
            }
        }
        let Some(Json::Object(members)) = Json::parse(text) else {
            return Err(Fault::new(
                "Policy document is malformed: it is not a JSON object.",
            ));
        };
        let members = Members::new("the document", &members, &["Version", "Id", "Statement"])?;
        let variables = match members.text("Version")? {
            None | Some("2008-10-17") => false,
            Some("2012-10-17") => true,
            Some(_) => {
                return Err(Fault::element(
                    "Version",
                    "must be 2012-10-17 or 2008-10-17",
                ));
            }
        };
        members.text("Id")?;
        let statements = members
            .get("Statement")
            .ok_or_else(|| Fault::element("Statement", "is required"))?;
        if statements.items().is_empty() {
            return Err(Fault::element(
                "Statement",
                "must hold at least one statement",
            ));
        }
        let rule = Rule { variables };
        let statements = statements
            .items()
            .iter()
            .enumerate()
            .map(|(index, statement)| Statement::read(index, statement, kind, rule))
            .collect::<Result<Vec<_>, _>>()?;
        require_distinct_sids(&statements, kind)?;
        let mut keys: Vec<String> = statements
            .iter()
            .flat_map(Statement::keys)
            .map(str::to_owned)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(Self {
            kind,
            statements,
            keys,
        })
    }

    /// What it is attached to.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Every condition key it reads, in lower case, sorted.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Its statements.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The principals it names, as they are written: ARNs, accounts, service principals.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalPattern> {
        self.statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref())
            .flat_map(|principals| &principals.items)
    }
}

/// In identity policies, Sids are unique; a key policy may repeat them.
fn require_distinct_sids(statements: &[Statement], kind: Kind) -> Result<(), Fault> {
    if kind == Kind::Key {
        return Ok(());
    }
    let mut labels: Vec<&str> = statements
        .iter()
        .map(|statement| &*statement.label)
        .collect();
    labels.sort_unstable();
    match labels.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Fault::element(
            "Sid",
            &format!("{:?} stands in two statements", pair[0]),
        )),
        None => Ok(()),
    }
}

impl Statement {
    fn read(index: usize, json: &Json, kind: Kind, rule: Rule) -> Result<Self, Fault> {
        let Json::Object(members) = json else {
            return Err(Fault::element("Statement", "must hold objects"));
        };
        const ELEMENTS: &[&str] = &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let members = Members::new("Statement", members, ELEMENTS)?;
        let effect = match members.text("Effect")? {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(Fault::element("Effect", "must be Allow or Deny")),
        };
        let statement = Self {
            label: members
                .text("Sid")?
                .filter(|sid| !sid.is_empty())
                .map_or_else(|| format!("statement {}", index + 1), str::to_owned),
            effect,
            principals: principals(&members, kind)?,
            actions: actions(&members)?,
            resources: resources(&members, rule)?,
            conditions: members
                .get("Condition")
                .map_or(Ok(vec![]), |block| Condition::read_all(block, rule))?,
        };
        // A key policy may hold a statement without them, and it does nothing.
        let complete = match kind {
            Kind::Key | Kind::VpcEndpoint => true,
            Kind::Trust => statement.actions.is_some(),
            _ => statement.actions.is_some() && statement.resources.is_some(),
        };
        if !complete {
            return Err(Fault::element(
                "Statement",
                "must have an Action and a Resource element",
            ));
        }
        Ok(statement)
    }

    /// Its Sid, or its place.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Allow or deny.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// The actions it names, unless it is `NotAction`.
    pub fn actions(&self) -> impl Iterator<Item = String> {
        let items = self
            .actions
            .iter()
            .filter(|actions| !actions.not)
            .flat_map(|actions| &actions.items);
        items.filter_map(|pattern| Some(pattern.expanded(&NoContext)?.into_owned()))
    }

    /// Whether it names everyone, without a condition.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.effect == Effect::Allow
            && self.conditions.is_empty()
            && self.principals.as_ref().is_some_and(|principals| {
                principals.not || principals.items.contains(&PrincipalPattern::Everyone)
            })
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        let of_conditions = self.conditions.iter().flat_map(Condition::keys);
        let of_resources = self.resources.iter().flat_map(|resources| &resources.items);
        of_conditions.chain(of_resources.flat_map(Pattern::variables))
    }

    /// Whether the statement is about this, and how it names the principal.
    pub(super) fn applies(&self, asked: &Asked<'_>, kind: Kind) -> Match {
        let Some(actions) = &self.actions else {
            return Match::No;
        };
        let acts = |pattern: &Pattern| pattern.matches(asked.action, true, asked.context);
        if actions.items.iter().any(acts) == actions.not {
            return Match::No;
        }
        if !self.is_about(asked, kind) {
            return Match::No;
        }
        let named = self.names(asked.principal);
        if named == Match::No || !self.conditions.iter().all(|c| c.holds(asked.context)) {
            return Match::No;
        }
        named
    }

    fn is_about(&self, asked: &Asked<'_>, kind: Kind) -> bool {
        match &self.resources {
            Some(resources) => {
                let covers =
                    |pattern: &Pattern| pattern.matches(asked.resource, false, asked.context);
                resources.items.iter().any(covers) != resources.not
            }
            // A trust policy is about its role.
            None => kind == Kind::Trust,
        }
    }

    fn names(&self, principal: &Principal) -> Match {
        let Some(principals) = &self.principals else {
            return Match::Direct;
        };
        let best = principals
            .items
            .iter()
            .map(|pattern| pattern.matches(principal))
            .max()
            .unwrap_or(Match::No);
        match (principals.not, best) {
            (false, best) => best,
            // Whoever is not named at all is meant, as by `*`.
            (true, _) => {
                if principal.is_excluded_by(&principals.items) {
                    Match::No
                } else {
                    Match::Everyone
                }
            }
        }
    }
}

struct NoContext;

impl Context for NoContext {
    fn values(&self, _key: &str) -> super::context::Values<'_> {
        super::context::Values::Absent
    }
}

/// The members of an object, each at most once and none that is unknown.
struct Members<'a> {
    members: &'a [(String, Json)],
}

impl<'a> Members<'a> {
    fn new(element: &str, members: &'a [(String, Json)], known: &[&str]) -> Result<Self, Fault> {
        for (index, (name, _)) in members.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Fault::element(
                    element,
                    &format!("has the unknown element {name:?}"),
                ));
            }
            if members[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Fault::element(name, "stands twice"));
            }
        }
        Ok(Self { members })
    }

    fn get(&self, name: &str) -> Option<&'a Json> {
        self.members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::element(name, "must be text")),
        }
    }

    /// The element of this name or its negation, but not both.
    fn one_of(&self, name: &str, negation: &str) -> Result<Option<(bool, &'a Json)>, Fault> {
        match (self.get(name), self.get(negation)) {
            (Some(_), Some(_)) => Err(Fault::element(
                name,
                &format!("and {negation} cannot stand in one statement"),
            )),
            (Some(json), None) => Ok(Some((false, json))),
            (None, Some(json)) => Ok(Some((true, json))),
            (None, None) => Ok(None),
        }
    }
}

fn principals(members: &Members<'_>, kind: Kind) -> Result<Option<OneOf<PrincipalPattern>>, Fault> {
    let found = members.one_of("Principal", "NotPrincipal")?;
    let Some((not, json)) = found else {
        return if kind.has_principals() {
            Err(Fault::element(
                "Statement",
                "must have a Principal or NotPrincipal element",
            ))
        } else {
            Ok(None)
        };
    };
    if !kind.has_principals() {
        return Err(Fault::element(
            "Principal",
            "cannot stand in a policy of this kind",
        ));
    }
    let items = PrincipalPattern::read_all(json)?;
    Ok(Some(OneOf { not, items }))
}

fn actions(members: &Members<'_>) -> Result<Option<OneOf<Pattern>>, Fault> {
    let Some((not, json)) = members.one_of("Action", "NotAction")? else {
        return Ok(None);
    };
    let element = if not { "NotAction" } else { "Action" };
    let reading = Reading {
        wildcards: true,
        variables: false,
    };
    let items = texts(json, element)?
        .into_iter()
        .map(|text| {
            let named = text == "*"
                || text
                    .split_once(':')
                    .is_some_and(|(s, n)| !s.is_empty() && !n.is_empty());
            if named {
                Ok(Pattern::read(text, reading))
            } else {
                Err(Fault::element(
                    element,
                    &format!("{text:?} is not an action such as kms:Encrypt"),
                ))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(OneOf { not, items }))
}

fn resources(members: &Members<'_>, rule: Rule) -> Result<Option<OneOf<Pattern>>, Fault> {
    let Some((not, json)) = members.one_of("Resource", "NotResource")? else {
        return Ok(None);
    };
    let element = if not { "NotResource" } else { "Resource" };
    let reading = Reading {
        wildcards: true,
        variables: rule.variables,
    };
    let items = texts(json, element)?
        .into_iter()
        .map(|text| {
            if text == "*" || text.starts_with("arn:") || text.starts_with("${") {
                Ok(Pattern::read(text, reading))
            } else {
                Err(Fault::element(
                    element,
                    &format!("{text:?} is neither * nor an ARN"),
                ))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(OneOf { not, items }))
}

/// One text or a list of texts.
pub(super) fn texts<'a>(json: &'a Json, element: &str) -> Result<Vec<&'a str>, Fault> {
    let texts = json
        .items()
        .iter()
        .map(|item| match item {
            Json::Text(text) => Ok(text.as_str()),
            _ => Err(Fault::element(element, "must be text or a list of texts")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() {
        return Err(Fault::element(element, "must not be an empty list"));
    }
    Ok(texts)
}
