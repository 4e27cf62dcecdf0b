//! Statements of a policy: what each may hold, and when it applies.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language".

use super::condition::{self, Condition};
use super::context::{ConditionKey, Context};
use super::document::{Effect, Kind, is_iam};
use super::fault::{Fault, Rule};
use super::json::Node;
use super::pattern::{ArnPattern, Pattern, Reading};
use super::principal::{Named, Principals};
use super::vocabulary;

/// A compiled statement.
#[derive(Debug)]
pub(super) struct Statement {
    sid: Option<Box<str>>,
    pub(super) effect: Effect,
    pub(super) principals: Option<Principals>,
    actions: Actions,
    resources: Resources,
    conditions: Box<[Condition]>,
    /// Without Action or Resource: stored, and never applied.
    dead: bool,
}

#[derive(Debug, Default)]
struct Actions {
    except: bool,
    texts: Box<[Box<str>]>,
    patterns: Box<[Pattern]>,
    /// The actions of AWS KMS among those that it covers, by their bits.
    covered: u64,
}

/// An action, looked up once.
#[derive(Clone, Copy)]
pub(super) struct Action<'a> {
    text: &'a str,
    bit: Option<u64>,
}

impl<'a> Action<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            bit: vocabulary::action_bit(text),
        }
    }
}

#[derive(Debug, Default)]
struct Resources {
    except: bool,
    everything: bool,
    patterns: Box<[ArnPattern]>,
}

impl Statement {
    pub(super) fn compile(node: &Node, kind: Kind, variables: bool) -> Result<Self, Fault> {
        let Node::Object(members) = node else {
            return Err(Fault::syntax(
                "Statement must be an object or a list of objects.",
            ));
        };
        let mut sid = None;
        let mut effect = None;
        let mut principals = None;
        let mut actions = None;
        let mut resources = None;
        let mut conditions = Vec::new();
        for (name, node) in members {
            match name.as_str() {
                "Sid" => sid = Some(compile_sid(node, kind)?),
                "Effect" => effect = Some(compile_effect(node)?),
                "Principal" | "NotPrincipal" => {
                    let compiled = Principals::compile(node, name == "NotPrincipal")?;
                    only_one(principals.replace(compiled).is_none(), "Principal")?;
                }
                "Action" | "NotAction" => {
                    let compiled = Actions::compile(node, name == "NotAction")?;
                    only_one(actions.replace(compiled).is_none(), "Action")?;
                }
                "Resource" | "NotResource" => {
                    let compiled = Resources::compile(node, name == "NotResource", variables)?;
                    only_one(resources.replace(compiled).is_none(), "Resource")?;
                }
                "Condition" => conditions = Condition::compile_all(node, variables)?,
                _ => {
                    return Err(Fault::syntax(format!(
                        "Unknown element {name:?} in a Statement."
                    )));
                }
            }
        }
        let effect = effect.ok_or_else(|| Fault::syntax("A Statement has no Effect."))?;
        check_principals(principals.as_ref(), effect, kind)?;
        check_presence(actions.is_some(), resources.is_some(), kind)?;
        check_set_operators(&conditions, kind)?;
        let dead = actions
            .as_ref()
            .is_none_or(|actions| actions.patterns.is_empty())
            || (kind != Kind::Trust && resources.as_ref().is_none_or(Resources::is_empty));
        Ok(Self {
            sid,
            effect,
            principals,
            actions: actions.unwrap_or_default(),
            resources: resources.unwrap_or_default(),
            conditions: conditions.into(),
            dead,
        })
    }

    /// Whether action, resource and conditions are met; the principal is looked at before.
    pub(super) fn applies(
        &self,
        action: Action<'_>,
        resource: &str,
        context: &dyn Context,
    ) -> bool {
        !self.dead
            && self.actions.cover(action)
            && self.resources.cover(resource, context, self.effect)
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(context, self.effect))
    }

    /// Its Sid, if it has one.
    pub(super) fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The actions it names, as they are written.
    pub(super) fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.texts.iter().map(|text| &**text)
    }

    /// Actions under `kms:` that cover no action of AWS KMS.
    pub(super) fn unknown_actions(&self) -> impl Iterator<Item = &str> {
        let known = |pattern: &Pattern| {
            let mut actions = vocabulary::ACTIONS.iter();
            actions.any(|action| pattern.matches_plain(action))
        };
        let is_kms = |text: &str| {
            let head = text.get(..4);
            head.is_some_and(|head| head.eq_ignore_ascii_case("kms:"))
        };
        let pairs = self.actions().zip(&self.actions.patterns);
        pairs
            .filter(move |(text, pattern)| is_kms(text) && !known(pattern))
            .map(|(text, _)| text)
    }

    /// The condition keys it reads.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ConditionKey> {
        let resources = self.resources.patterns.iter().flat_map(ArnPattern::keys);
        self.conditions
            .iter()
            .flat_map(Condition::keys)
            .chain(resources)
    }
}

impl Actions {
    fn compile(node: &Node, except: bool) -> Result<Self, Fault> {
        let texts = node.texts("Action")?;
        let fault = |text: &str| {
            Fault::new(
                Rule::Syntax,
                format!(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. The action is {text:?}."
                ),
            )
        };
        let vendor = |text: &str| {
            text == "*"
                || text
                    .split_once(':')
                    .is_some_and(|(v, name)| !v.is_empty() && !name.is_empty())
        };
        if let Some(text) = texts.iter().find(|text| !vendor(text)) {
            return Err(fault(text));
        }
        if texts.is_empty() && except {
            return Err(Fault::syntax("NotAction names nothing."));
        }
        let patterns = texts
            .iter()
            .map(|text| Pattern::compile(text, Reading::Action, false));
        let mut actions = Self {
            except,
            patterns: patterns.collect::<Result<_, _>>()?,
            texts: texts.into_iter().map(Into::into).collect(),
            covered: 0,
        };
        let covered = vocabulary::ACTIONS
            .iter()
            .filter(|action| actions.matches(action));
        actions.covered = covered
            .filter_map(|action| vocabulary::action_bit(action))
            .sum();
        Ok(actions)
    }

    fn cover(&self, action: Action<'_>) -> bool {
        match action.bit {
            Some(bit) => self.covered & bit != 0,
            None => self.matches(action.text),
        }
    }

    fn matches(&self, action: &str) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.matches_plain(action))
            != self.except
    }
}

impl Resources {
    fn compile(node: &Node, except: bool, variables: bool) -> Result<Self, Fault> {
        let texts = node.texts("Resource")?;
        if let Some(text) = texts
            .iter()
            .find(|text| **text != "*" && !text.starts_with("arn:"))
        {
            let text = format!("Resource {text} must be in ARN format or \"*\".");
            return Err(Fault::new(Rule::Syntax, text));
        }
        if texts.is_empty() && except {
            return Err(Fault::syntax("NotResource names nothing."));
        }
        let everything = texts.contains(&"*");
        let arns = texts.iter().filter(|text| **text != "*");
        let patterns = arns.map(|text| ArnPattern::compile(text, variables));
        Ok(Self {
            except,
            everything,
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    fn is_empty(&self) -> bool {
        !self.everything && self.patterns.is_empty()
    }

    /// A statement without Resource, which only a trust policy applies, covers the one it is attached to.
    fn cover(&self, resource: &str, context: &dyn Context, effect: Effect) -> bool {
        if self.everything || self.is_empty() {
            return !self.except;
        }
        let found = condition::any(
            self.patterns
                .iter()
                .map(|arn| arn.matches(resource, context)),
        );
        match found {
            Some(found) => found != self.except,
            None => self.except && effect == Effect::Deny,
        }
    }
}

/// In the policies of IAM a Sid is alphanumeric and unique; a key policy may have spaces in it.
fn compile_sid(node: &Node, kind: Kind) -> Result<Box<str>, Fault> {
    let Node::Text(sid) = node else {
        return Err(Fault::syntax("Sid must be a string."));
    };
    if is_iam(kind) && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Fault::syntax(format!(
            "Statement IDs (SID) must be alpha-numeric. The Sid is {sid:?}."
        )));
    }
    Ok(sid.as_str().into())
}

fn compile_effect(node: &Node) -> Result<Effect, Fault> {
    match node {
        Node::Text(text) if text == "Allow" => Ok(Effect::Allow),
        Node::Text(text) if text == "Deny" => Ok(Effect::Deny),
        _ => Err(Fault::syntax("Effect must be Allow or Deny.")),
    }
}

fn only_one(first: bool, element: &str) -> Result<(), Fault> {
    if first {
        return Ok(());
    }
    Err(Fault::syntax(format!(
        "A Statement has both {element} and Not{element}."
    )))
}

fn check_principals(
    principals: Option<&Principals>,
    effect: Effect,
    kind: Kind,
) -> Result<(), Fault> {
    match (principals, is_iam(kind)) {
        (Some(_), true) => Err(Fault::syntax(
            "Policy document should not specify a principal.",
        )),
        (None, false) => Err(Fault::principal("A Statement has no Principal.")),
        (Some(principals), false)
            if principals.except && (effect == Effect::Allow || kind == Kind::Trust) =>
        {
            Err(Fault::principal(
                "NotPrincipal is supported with Deny only, and not in trust policies.",
            ))
        }
        (Some(principals), false)
            if kind == Kind::ResourceControl && *principals.named != [Named::Everyone] =>
        {
            Err(Fault::principal(
                "The Principal of a resource control policy must be *.",
            ))
        }
        _ => Ok(()),
    }
}

/// A key policy may lack them; IAM's policies may not, and a trust policy has no Resource.
fn check_presence(action: bool, resource: bool, kind: Kind) -> Result<(), Fault> {
    match kind {
        Kind::KeyPolicy => Ok(()),
        Kind::Trust if resource => Err(Fault::syntax("Has prohibited field Resource.")),
        _ if !action => Err(Fault::syntax("Policy statement must contain actions.")),
        Kind::Trust => Ok(()),
        _ if !resource => Err(Fault::syntax("Policy statement must contain resources.")),
        _ => Ok(()),
    }
}

fn check_set_operators(conditions: &[Condition], kind: Kind) -> Result<(), Fault> {
    let refused = conditions
        .iter()
        .find(|condition| condition.is_overly_permissive());
    match refused {
        Some(condition) if kind == Kind::KeyPolicy => Err(Fault::new(
            Rule::OverlyPermissive,
            format!(
                "OverlyPermissiveCondition: ForAllValues cannot be used with the single-valued condition key {}.",
                condition.key().name()
            ),
        )),
        _ => Ok(()),
    }
}
