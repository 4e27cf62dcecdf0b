//! Who calls, and the principals that a policy names.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use super::fault::Fault;
use super::json::Node;

/// What kind of principal makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    RoleSession,
    /// A session from GetFederationToken.
    FederatedUser,
    /// An AWS service under its own name.
    Service,
    /// Nobody who was authenticated; with a provider, the bearer of its token.
    Anonymous,
}

/// The principal of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    kind: PrincipalKind,
    account: Option<Box<str>>,
    arn: Box<str>,
    /// The role of a session, the user who federated.
    issuer: Option<Box<str>>,
    provider: Option<Box<str>>,
}

impl Principal {
    /// The principal of an ARN: account root, user, role session or federated user session.
    #[must_use]
    pub fn parse(arn: &str) -> Option<Self> {
        let parsed = ParsedArn::parse(arn)?;
        let (kind, issuer) = match (parsed.service, parsed.kind, parsed.name) {
            ("iam", "root", "") => (PrincipalKind::Root, None),
            ("iam", "user", name) if !name.is_empty() => (PrincipalKind::User, None),
            // Embedded callers may name a role itself: that is a session of it without a name of its own.
            ("iam", "role", name) if !name.is_empty() => {
                (PrincipalKind::RoleSession, Some(arn.to_owned()))
            }
            ("sts", "assumed-role", name) => {
                let (role, session) = name.split_once('/')?;
                if role.is_empty() || session.is_empty() || session.contains('/') {
                    return None;
                }
                (
                    PrincipalKind::RoleSession,
                    Some(parsed.sibling("role", role)),
                )
            }
            ("sts", "federated-user", name) if !name.is_empty() => {
                (PrincipalKind::FederatedUser, None)
            }
            _ => return None,
        };
        Some(Self {
            kind,
            account: Some(parsed.account.into()),
            arn: arn.into(),
            issuer: issuer.map(Into::into),
            provider: None,
        })
    }

    /// The session of a role whose ARN has a path, or the session of a user who federated.
    ///
    /// `None` when the issuer is not of the session's account and kind.
    #[must_use]
    pub fn issued_by(self, issuer_arn: &str) -> Option<Self> {
        let issuer = ParsedArn::parse(issuer_arn)?;
        let fits = match self.kind {
            PrincipalKind::RoleSession => {
                issuer.kind == "role" && Some(issuer.last_name()) == self.role_name()
            }
            PrincipalKind::FederatedUser => issuer.kind == "user",
            _ => false,
        };
        let same_account = Some(issuer.account) == self.account();
        (fits && same_account && issuer.service == "iam").then(|| Self {
            issuer: Some(issuer_arn.into()),
            ..self
        })
    }

    /// The identity provider behind a session (`cognito-identity.amazonaws.com`, a SAML provider's ARN).
    #[must_use]
    pub fn provided_by(self, provider: &str) -> Self {
        Self {
            provider: Some(provider.into()),
            ..self
        }
    }

    /// An AWS service (`s3.amazonaws.com`).
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self::without_account(PrincipalKind::Service, name)
    }

    /// Nobody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::without_account(PrincipalKind::Anonymous, "anonymous")
    }

    fn without_account(kind: PrincipalKind, name: &str) -> Self {
        Self {
            kind,
            account: None,
            arn: name.into(),
            issuer: None,
            provider: None,
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The account; services and anonymous callers have none.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The ARN, the name of a service, or `anonymous`.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The ARN of the role of a session, or of the user who federated.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The identity provider behind a session.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The value of `aws:PrincipalArn`: a role session answers with its role.
    #[must_use]
    pub fn principal_arn(&self) -> &str {
        match (self.kind, &self.issuer) {
            (PrincipalKind::RoleSession, Some(role)) => role,
            _ => &self.arn,
        }
    }

    /// The friendly name without path: of a user, a federated user or a service.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::User | PrincipalKind::FederatedUser => self.arn.rsplit('/').next(),
            PrincipalKind::Service => Some(&self.arn),
            _ => None,
        }
    }

    /// The session's own name.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        let own =
            self.kind == PrincipalKind::RoleSession && self.issuer.as_deref() != Some(&*self.arn);
        own.then(|| self.arn.rsplit('/').next()).flatten()
    }

    /// `account/kind/name`: where a store has what it knows of the principal.
    #[must_use]
    pub fn stored_as(&self) -> String {
        let (kind, name) = match self.kind {
            PrincipalKind::Root => ("root", ""),
            PrincipalKind::User => ("user", self.name().unwrap_or_default()),
            PrincipalKind::RoleSession => {
                let role = self.issuer.as_deref().unwrap_or_default();
                ("role", role.rsplit('/').next().unwrap_or_default())
            }
            PrincipalKind::FederatedUser => ("federated", self.name().unwrap_or_default()),
            PrincipalKind::Service | PrincipalKind::Anonymous => ("service", ""),
        };
        format!("{}/{kind}/{name}", self.account().unwrap_or_default())
    }

    /// Every name under which a grant may mean it, the narrowest first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.arn.to_string()];
        names.extend(
            self.issuer()
                .filter(|issuer| *issuer != &*self.arn)
                .map(str::to_owned),
        );
        if let Some(account) = self.account() {
            let partition = self.arn.split(':').nth(1).unwrap_or("aws");
            let root = format!("arn:{partition}:iam::{account}:root");
            names.extend((root != *self.arn).then_some(root));
            names.push(account.to_owned());
        }
        names
    }

    fn role_name(&self) -> Option<&str> {
        let resource = self.arn.splitn(6, ':').nth(5)?;
        resource.split('/').nth(1)
    }

    /// How a principal that a policy or a grant names reaches this one; `None` when it does not.
    pub(super) fn reach(&self, named: &Named) -> Option<Reach> {
        match named {
            Named::Everyone => Some(Reach::Everyone),
            Named::Account(account) => {
                let own = self.account.as_deref() == Some(&**account);
                own.then_some(match self.kind {
                    PrincipalKind::Root => Reach::Direct,
                    _ => Reach::Account,
                })
            }
            Named::User(arn) if self.kind == PrincipalKind::FederatedUser => {
                (self.issuer.as_deref() == Some(&**arn)).then_some(Reach::Issuer)
            }
            Named::User(arn) => {
                (self.kind == PrincipalKind::User && arn == &self.arn).then_some(Reach::Direct)
            }
            Named::Session(arn) => {
                let session = matches!(
                    self.kind,
                    PrincipalKind::RoleSession | PrincipalKind::FederatedUser
                );
                (session && arn == &self.arn).then_some(Reach::Direct)
            }
            Named::Role(arn) => {
                let own = self.kind == PrincipalKind::RoleSession
                    && self.issuer.as_deref() == Some(&**arn);
                own.then_some(Reach::Issuer)
            }
            Named::Service(name) => {
                (self.kind == PrincipalKind::Service && name == &self.arn).then_some(Reach::Direct)
            }
            Named::Federated(provider) => {
                let own = self.provider.as_deref() == Some(&**provider);
                own.then_some(match self.kind {
                    PrincipalKind::Anonymous => Reach::Direct,
                    _ => Reach::Issuer,
                })
            }
            Named::Canonical(_) | Named::UniqueId(_) => None,
        }
    }

    /// Whether a NotPrincipal list leaves this principal out: its account, its role and itself must be named.
    fn excepted(&self, list: &[Named]) -> bool {
        let reached = |wanted: Reach| list.iter().any(|named| self.reach(named) == Some(wanted));
        if reached(Reach::Everyone) {
            return true;
        }
        match self.kind {
            PrincipalKind::RoleSession => {
                let role =
                    |named: &Named| matches!(named, Named::Role(_)) && self.reach(named).is_some();
                let nameless = self.session_name().is_none();
                reached(Reach::Account)
                    && list.iter().any(role)
                    && (nameless || reached(Reach::Direct))
            }
            PrincipalKind::User | PrincipalKind::FederatedUser => {
                reached(Reach::Account) && reached(Reach::Direct)
            }
            _ => reached(Reach::Direct),
        }
    }
}

/// How a named principal reaches the caller, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The caller's account is named: the permission is delegated to its identity policies.
    Account,
    /// What the session was issued from is named: boundary and session policies still limit it.
    Issuer,
    /// Everyone is named.
    Everyone,
    /// The caller itself is named.
    Direct,
}

/// A principal that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// `*`
    Everyone,
    /// An account, by its root ARN or its bare number.
    Account(Box<str>),
    /// The ARN of an IAM user.
    User(Box<str>),
    /// The ARN of a role, which stands for all of its sessions.
    Role(Box<str>),
    /// The ARN of one session of a role or of a federated user.
    Session(Box<str>),
    /// A service principal.
    Service(Box<str>),
    /// An identity provider.
    Federated(Box<str>),
    /// The canonical user id of an account, which AWS KMS never sees.
    Canonical(Box<str>),
    /// What is left of a deleted user or role (`AIDA…`, `AROA…`): it matches nobody and blocks PutKeyPolicy.
    UniqueId(Box<str>),
}

impl Named {
    /// Reads what stands under `AWS`, or as the grantee of a grant.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if is_account(text) {
            return Some(Self::Account(text.into()));
        }
        if is_unique_id(text) {
            return Some(Self::UniqueId(text.into()));
        }
        let arn = ParsedArn::parse(text)?;
        let whole = !arn.name.is_empty() && arn.name.split('/').all(|part| !part.is_empty());
        let depth = arn.name.split('/').count();
        match (arn.service, arn.kind) {
            ("iam", "root") if arn.name.is_empty() => Some(Self::Account(arn.account.into())),
            ("iam", "user") if whole => Some(Self::User(text.into())),
            ("iam", "role") if whole => Some(Self::Role(text.into())),
            ("sts", "assumed-role") if whole && depth == 2 => Some(Self::Session(text.into())),
            ("sts", "federated-user") if whole && depth == 1 => Some(Self::Session(text.into())),
            _ => None,
        }
    }

    /// The text a caller checks the existence of: an ARN, an account, a service, a provider or an id.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Everyone => "*",
            Self::Account(text)
            | Self::User(text)
            | Self::Role(text)
            | Self::Session(text)
            | Self::Service(text)
            | Self::Federated(text)
            | Self::Canonical(text)
            | Self::UniqueId(text) => text,
        }
    }
}

/// A Principal or NotPrincipal element.
#[derive(Debug)]
pub(super) struct Principals {
    pub(super) except: bool,
    pub(super) named: Box<[Named]>,
}

impl Principals {
    pub(super) fn compile(node: &Node, except: bool) -> Result<Self, Fault> {
        let named = match node {
            Node::Text(text) if text == "*" => vec![Named::Everyone],
            Node::Object(entries) => {
                entries
                    .iter()
                    .try_fold(Vec::new(), |mut named, (kind, texts)| {
                        let texts = texts
                            .texts("Principal")
                            .map_err(|_| Fault::principal(kind))?;
                        for text in texts {
                            named.push(named_under(kind, text)?);
                        }
                        Ok::<_, Fault>(named)
                    })?
            }
            Node::Text(text) => return Err(Fault::principal(text)),
            _ => return Err(Fault::principal("Principal must be * or an object.")),
        };
        if named.is_empty() {
            return Err(Fault::principal("Principal names nobody."));
        }
        Ok(Self {
            except,
            named: named.into(),
        })
    }

    /// How an Allow or a Deny reaches the caller. A caller with a permissions boundary is never excepted: AWS says so.
    pub(super) fn reach(&self, principal: &Principal, bounded: bool) -> Option<Reach> {
        if self.except {
            return (bounded || !principal.excepted(&self.named)).then_some(Reach::Everyone);
        }
        self.named
            .iter()
            .filter_map(|named| principal.reach(named))
            .max()
    }
}

fn named_under(kind: &str, text: &str) -> Result<Named, Fault> {
    let odd = |character: char| character.is_whitespace() || character == '*' || character == '?';
    let plain = !text.is_empty() && !text.contains(odd);
    let named = match kind {
        "AWS" => Named::parse(text),
        "Service" if plain && text.contains('.') => Some(Named::Service(text.into())),
        "Federated" if plain => Some(Named::Federated(text.into())),
        "CanonicalUser" => {
            let id = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            id.then(|| Named::Canonical(text.into()))
        }
        _ => None,
    };
    named.ok_or_else(|| Fault::principal(format!("The principal is {kind}: {text:?}.")))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_unique_id(text: &str) -> bool {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() >= 16
        && (text.starts_with("AIDA") || text.starts_with("AROA"))
        && text.bytes().all(upper)
}

struct ParsedArn<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> ParsedArn<'a> {
    /// An ARN of IAM or STS: without Region and wildcards, with an account.
    fn parse(text: &'a str) -> Option<Self> {
        let odd =
            |character: char| character == '*' || character == '?' || character.is_whitespace();
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, service, region, account, resource) = (
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
        );
        let fits = partition.starts_with("aws") && region.is_empty() && is_account(account);
        if !fits || text.contains(odd) {
            return None;
        }
        let (kind, name) = match resource.split_once('/') {
            Some((_, "")) => return None,
            Some(both) => both,
            None => (resource, ""),
        };
        Some(Self {
            partition,
            service,
            account,
            kind,
            name,
        })
    }

    fn sibling(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.account)
    }

    fn last_name(&self) -> &'a str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }
}

#[cfg(test)]
#[path = "principal_tests.rs"]
mod tests;
