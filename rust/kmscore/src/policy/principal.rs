//! Principals: who calls, and how policies name them.
//!
//! Source: IAM user guide, "AWS JSON policy elements: Principal", "NotPrincipal".

use super::document::{Fault, texts};
use super::json::Json;

/// What kind of principal a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role, or the role itself as an embedded caller names it.
    Role,
    /// A federated user session.
    Federated,
    /// An AWS service.
    Service,
}

impl PrincipalKind {
    /// The word the store has for it.
    const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::Role => "role",
            Self::Federated => "federated",
            Self::Service => "service",
        }
    }
}

/// Who calls, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account; empty for services.
    pub account: String,
    /// Its kind.
    pub kind: PrincipalKind,
    /// The ARN of the user, root or session; the service principal of a service.
    pub arn: String,
    /// The role behind a session.
    pub role_arn: Option<String>,
    /// The name of the user or role, without path; empty for others.
    pub name: String,
    /// The session's name.
    pub session: Option<String>,
    /// `account/kind/name`: where the store has it.
    pub stored_as: String,
}

impl Principal {
    /// The principal of this ARN or service principal.
    #[must_use]
    pub fn parse(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (_, partition, service, _, account, resource) =
            (part(), part(), part(), part(), part(), part());
        let mut path = resource.split('/');
        let head = path.next().unwrap_or_default();
        let first = path.next().unwrap_or_default();
        let last = resource.rsplit('/').next().unwrap_or_default();
        let (kind, name, session, role_arn) = match (service, head) {
            ("iam", "root") => (PrincipalKind::Root, "", None, None),
            ("iam", "user") => (PrincipalKind::User, last, None, None),
            ("iam", "role") => (PrincipalKind::Role, last, None, Some(arn.to_owned())),
            ("sts", "assumed-role") => {
                let role = format!("arn:{partition}:iam::{account}:role/{first}");
                (PrincipalKind::Role, first, Some(last), Some(role))
            }
            ("sts", "federated-user") => (PrincipalKind::Federated, last, None, None),
            _ => (PrincipalKind::Service, "", None, None),
        };
        Self {
            stored_as: format!("{account}/{}/{name}", kind.word()),
            account: account.to_owned(),
            kind,
            arn: arn.to_owned(),
            role_arn,
            name: name.to_owned(),
            session: session.map(str::to_owned),
        }
    }

    /// Every name under which a grant or policy may mean it, the narrowest first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.arn.clone()];
        names.extend(self.role_arn.clone().filter(|role| *role != self.arn));
        if self.kind != PrincipalKind::Service {
            let partition = self.arn.split(':').nth(1).unwrap_or("aws");
            let root = format!("arn:{partition}:iam::{}:root", self.account);
            if root != self.arn {
                names.push(root);
            }
            names.push(self.account.clone());
        }
        names
    }

    /// Whether a NotPrincipal element leaves it out: it must name the account, and the role and the session if there is one.
    pub(super) fn is_excluded_by(&self, named: &[PrincipalPattern]) -> bool {
        let is_named = |best: Match| named.iter().any(|pattern| pattern.matches(self) == best);
        if is_named(Match::Everyone) {
            return true;
        }
        match self.kind {
            PrincipalKind::Root => is_named(Match::Account),
            PrincipalKind::Service => is_named(Match::Direct),
            PrincipalKind::Role if self.session.is_some() => {
                is_named(Match::Account) && is_named(Match::Role) && is_named(Match::Direct)
            }
            PrincipalKind::Role => is_named(Match::Account) && is_named(Match::Role),
            PrincipalKind::User | PrincipalKind::Federated => {
                is_named(Match::Account) && is_named(Match::Direct)
            }
        }
    }
}

/// How a statement names a principal; the greater, the more directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Not at all.
    No,
    /// By its account, which delegates to the account's own policies.
    Account,
    /// By `*`.
    Everyone,
    /// By the role behind its session.
    Role,
    /// By itself: the user, the session, the service.
    Direct,
}

/// A principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`
    Everyone,
    /// An account: 12 digits or the ARN of its root.
    Account(String),
    /// An IAM or STS ARN.
    Arn(String),
    /// A service principal.
    Service(String),
    /// An identity provider, or a canonical user id: nobody who calls KMS is one.
    Other(String),
    /// What a deleted user or role turned into.
    UniqueId(String),
}

impl PrincipalPattern {
    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Everyone => "*",
            Self::Account(text)
            | Self::Arn(text)
            | Self::Service(text)
            | Self::Other(text)
            | Self::UniqueId(text) => text,
        }
    }

    pub(super) fn read_all(json: &Json) -> Result<Vec<Self>, Fault> {
        let invalid =
            || Fault::new("Policy contains a statement with one or more invalid principals.");
        let kinds = match json {
            Json::Text(text) if text == "*" => return Ok(vec![Self::Everyone]),
            Json::Object(kinds) if !kinds.is_empty() => kinds,
            _ => return Err(invalid()),
        };
        let mut found = vec![];
        for (index, (kind, named)) in kinds.iter().enumerate() {
            if kinds[..index].iter().any(|(earlier, _)| earlier == kind) {
                return Err(Fault::element("Principal", &format!("{kind} stands twice")));
            }
            for text in texts(named, "Principal")? {
                found.push(Self::read(kind, text).ok_or_else(invalid)?);
            }
        }
        Ok(found)
    }

    fn read(kind: &str, text: &str) -> Option<Self> {
        match kind {
            "AWS" => Self::read_aws(text),
            "Service" if text == "*" => None,
            "Service" => text.contains('.').then(|| Self::Service(text.to_owned())),
            "Federated" | "CanonicalUser" => Some(Self::Other(text.to_owned())),
            _ => None,
        }
    }

    fn read_aws(text: &str) -> Option<Self> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if text == "*" {
            return Some(Self::Everyone);
        }
        if is_account(text) {
            return Some(Self::Account(text.to_owned()));
        }
        let unique = ["AIDA", "AROA", "ASIA", "AGPA"];
        if unique.iter().any(|prefix| text.starts_with(prefix))
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':')
        {
            return Some(Self::UniqueId(text.to_owned()));
        }
        let mut parts = text.splitn(6, ':');
        let (arn, partition, service, region) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (account, resource) = (parts.next()?, parts.next()?);
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        let known = matches!(
            (service, kind),
            ("iam", "user" | "role") | ("sts", "assumed-role" | "federated-user")
        );
        if arn != "arn"
            || !partition.starts_with("aws")
            || !region.is_empty()
            || !is_account(account)
        {
            return None;
        }
        if (service, resource) == ("iam", "root") {
            return Some(Self::Account(text.to_owned()));
        }
        // Wildcards stand for everyone or for nobody in particular.
        (known && !name.is_empty() && !name.contains(['*', '?']))
            .then(|| Self::Arn(text.to_owned()))
    }

    pub(super) fn matches(&self, principal: &Principal) -> Match {
        match self {
            Self::Everyone => Match::Everyone,
            Self::Account(text) => {
                let account = text.split(':').nth(4).unwrap_or(text);
                if !account.is_empty() && account == principal.account {
                    Match::Account
                } else {
                    Match::No
                }
            }
            Self::Arn(arn) if *arn == principal.arn => {
                if principal.kind == PrincipalKind::Role && principal.session.is_none() {
                    Match::Role
                } else {
                    Match::Direct
                }
            }
            Self::Arn(arn) if Some(arn) == principal.role_arn.as_ref() => Match::Role,
            Self::Service(name)
                if principal.kind == PrincipalKind::Service && *name == principal.arn =>
            {
                Match::Direct
            }
            _ => Match::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "arn:aws:iam::111122223333:user/team/ana";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/one";

    fn matched(pattern: &str, principal: &str) -> Match {
        PrincipalPattern::read("AWS", pattern)
            .expect("a principal")
            .matches(&Principal::parse(principal))
    }

    #[test]
    fn principals_are_matched_by_what_they_are() {
        for (pattern, principal, expected) in [
            ("*", USER, Match::Everyone),
            ("111122223333", USER, Match::Account),
            ("arn:aws:iam::111122223333:root", USER, Match::Account),
            ("arn:aws:iam::444455556666:root", USER, Match::No),
            (USER, USER, Match::Direct),
            ("arn:aws:iam::111122223333:user/ana", USER, Match::No),
            ("arn:aws:iam::111122223333:role/app", SESSION, Match::Role),
            (SESSION, SESSION, Match::Direct),
            (
                "arn:aws:sts::111122223333:assumed-role/app/two",
                SESSION,
                Match::No,
            ),
            (
                "arn:aws:iam::111122223333:role/app",
                "arn:aws:iam::111122223333:role/app",
                Match::Role,
            ),
            ("AIDACKCEVSQ6C2EXAMPLE", USER, Match::No),
        ] {
            assert_eq!(
                matched(pattern, principal),
                expected,
                "{pattern} {principal}"
            );
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for pattern in [
            "",
            "user/ana",
            "12345",
            "arn:aws:iam::111122223333:group/admins",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::*:root",
            "arn:aws:s3:::bucket",
        ] {
            assert_eq!(PrincipalPattern::read("AWS", pattern), None, "{pattern}");
        }
        assert_eq!(PrincipalPattern::read("Service", "*"), None);
        assert_eq!(PrincipalPattern::read("Group", USER), None);
    }

    #[test]
    fn a_session_is_left_out_only_when_all_three_are_named() {
        let session = Principal::parse(SESSION);
        let named = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| PrincipalPattern::read("AWS", text).expect("a principal"))
                .collect::<Vec<_>>()
        };
        let all = [
            "111122223333",
            "arn:aws:iam::111122223333:role/app",
            SESSION,
        ];
        assert!(session.is_excluded_by(&named(&all)));
        for left_out in 0..3 {
            let some: Vec<_> = (0..3).filter(|i| *i != left_out).map(|i| all[i]).collect();
            assert!(!session.is_excluded_by(&named(&some)));
        }
    }
}
