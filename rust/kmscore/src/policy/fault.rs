//! Why a policy document was refused.

/// Which rule a document breaks; the caller chooses the API error from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Longer than a policy of its kind may be (LimitExceededException).
    TooLong,
    /// A key policy with characters outside of printable Latin-1 (MalformedPolicyDocumentException).
    Characters,
    /// ForAllValues where AWS KMS refuses it as overly permissive (MalformedPolicyDocumentException).
    OverlyPermissive,
    /// A principal that cannot be one (MalformedPolicyDocumentException).
    Principal,
    /// Anything else that is not the policy language (MalformedPolicyDocumentException).
    Syntax,
}

/// A refused document: the rule, and a text in AWS's manner that names the element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule it breaks.
    pub rule: Rule,
    /// The text for the caller.
    pub text: String,
}

impl Fault {
    pub(super) fn new(rule: Rule, text: impl Into<String>) -> Self {
        Self {
            rule,
            text: text.into(),
        }
    }

    pub(super) fn syntax(detail: impl core::fmt::Display) -> Self {
        Self::new(Rule::Syntax, format!("Syntax errors in policy. {detail}"))
    }

    pub(super) fn principal(detail: impl core::fmt::Display) -> Self {
        Self::new(
            Rule::Principal,
            format!("Policy contains a statement with one or more invalid principals. {detail}"),
        )
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Fault {}
