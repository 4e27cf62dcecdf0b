//! Conditions: operators, set operators, missing keys.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context
//! keys". With several values and no set operator, which AWS leaves open, an Allow asks all of them and a Deny any.

use core::cmp::Ordering;
use core::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::context::{ConditionKey, Context};
use super::document::Effect;
use super::fault::{Fault, Rule};
use super::json::Node;
use super::operand::{Decimal, Network, instant};
use super::pattern::{ArnPattern, Pattern, Reading};

/// One operator on one condition key.
#[derive(Debug)]
pub(super) struct Condition {
    key: ConditionKey,
    quantifier: Quantifier,
    negated: bool,
    if_exists: bool,
    operands: Operands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    None,
    All,
    Any,
}

/// How a value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Text(Reading),
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The policy's values, compiled.
#[derive(Debug)]
enum Operands {
    Texts(Vec<Pattern>),
    Numbers(Order, Vec<Decimal>),
    Dates(Order, Vec<i64>),
    Binaries(Vec<Vec<u8>>),
    Networks(Vec<Network>),
    Arns(Vec<ArnPattern>),
    Absent(Vec<bool>),
}

/// Every operator: name, comparison, negated.
const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("StringEquals", Comparison::Text(Reading::Exact), false),
    ("StringNotEquals", Comparison::Text(Reading::Exact), true),
    (
        "StringEqualsIgnoreCase",
        Comparison::Text(Reading::IgnoreCase),
        false,
    ),
    (
        "StringNotEqualsIgnoreCase",
        Comparison::Text(Reading::IgnoreCase),
        true,
    ),
    ("StringLike", Comparison::Text(Reading::Wildcards), false),
    ("StringNotLike", Comparison::Text(Reading::Wildcards), true),
    ("NumericEquals", Comparison::Number(Order::Equal), false),
    ("NumericNotEquals", Comparison::Number(Order::Equal), true),
    ("NumericLessThan", Comparison::Number(Order::Less), false),
    (
        "NumericLessThanEquals",
        Comparison::Number(Order::LessOrEqual),
        false,
    ),
    (
        "NumericGreaterThan",
        Comparison::Number(Order::Greater),
        false,
    ),
    (
        "NumericGreaterThanEquals",
        Comparison::Number(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    (
        "DateLessThanEquals",
        Comparison::Date(Order::LessOrEqual),
        false,
    ),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Comparison::Date(Order::GreaterOrEqual),
        false,
    ),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::Address, false),
    ("NotIpAddress", Comparison::Address, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Condition {
    /// Compiles a Condition element.
    pub(super) fn compile_all(node: &Node, variables: bool) -> Result<Vec<Self>, Fault> {
        let Node::Object(blocks) = node else {
            return Err(Fault::syntax("Condition must be an object."));
        };
        let mut conditions = Vec::new();
        for (operator, keys) in blocks {
            let Node::Object(keys) = keys else {
                return Err(Fault::syntax(format!(
                    "Condition {operator} must be an object."
                )));
            };
            for (key, values) in keys {
                conditions.push(Self::compile(operator, key, values, variables)?);
            }
        }
        Ok(conditions)
    }

    fn compile(operator: &str, key: &str, values: &Node, variables: bool) -> Result<Self, Fault> {
        let (quantifier, bare) = match operator.split_once(':') {
            None => (Quantifier::None, operator),
            Some(("ForAllValues", bare)) => (Quantifier::All, bare),
            Some(("ForAnyValue", bare)) => (Quantifier::Any, bare),
            Some(_) => return Err(unknown_operator(operator)),
        };
        let (bare, if_exists) = match bare.strip_suffix("IfExists") {
            Some(bare) => (bare, true),
            None => (bare, false),
        };
        let &(_, comparison, negated) = OPERATORS
            .iter()
            .find(|(name, ..)| *name == bare)
            .ok_or_else(|| unknown_operator(operator))?;
        if comparison == Comparison::Null && (if_exists || quantifier != Quantifier::None) {
            return Err(unknown_operator(operator));
        }
        if key
            .split_once(':')
            .is_none_or(|(vendor, name)| vendor.is_empty() || name.is_empty())
        {
            return Err(Fault::new(
                Rule::Syntax,
                format!(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. The condition key is {key:?}."
                ),
            ));
        }
        let texts = condition_values(key, values)?;
        let operands = Operands::compile(comparison, &texts, variables)
            .map_err(|text| text.unwrap_or_else(|value| invalid_value(operator, key, &value)))?;
        Ok(Self {
            key: ConditionKey::new(key),
            quantifier,
            negated,
            if_exists,
            operands,
        })
    }

    /// AWS KMS refuses ForAllValues on keys that are absent from most requests: it would then always hold.
    pub(super) fn is_overly_permissive(&self) -> bool {
        let family = self.key.known().map(|known| known.name);
        self.quantifier == Quantifier::All
            && matches!(family, Some("kms:EncryptionContext:" | "aws:RequestTag/"))
    }

    /// Whether this request satisfies it.
    pub(super) fn holds(&self, context: &dyn Context, effect: Effect) -> bool {
        let values = context.values(&self.key);
        let values = values.as_slice();
        if let Operands::Absent(wanted) = &self.operands {
            return wanted.contains(&values.is_empty());
        }
        // "Empty array condition": IAM lets a list without values never match.
        if self.operands.is_empty() || (values.is_empty() && self.if_exists) {
            return !self.operands.is_empty();
        }
        let satisfied = |value: &&str| match self.operands.match_any(value, context) {
            Some(matched) => matched != self.negated,
            None => self.negated && effect == Effect::Deny,
        };
        let mut texts = values.iter().map(|value| &**value);
        match (self.quantifier, effect) {
            (Quantifier::None, _) if values.is_empty() => self.negated,
            (Quantifier::None, Effect::Allow) => texts.all(|value| satisfied(&value)),
            (Quantifier::None, Effect::Deny) => texts.any(|value| satisfied(&value)),
            // An empty string is a null data set to the set operators.
            (Quantifier::All, _) => texts
                .filter(|value| !value.is_empty())
                .all(|v| satisfied(&v)),
            (Quantifier::Any, _) => texts
                .filter(|value| !value.is_empty())
                .any(|v| satisfied(&v)),
        }
    }

    /// The condition keys it reads.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ConditionKey> {
        let (texts, arns): (&[Pattern], &[ArnPattern]) = match &self.operands {
            Operands::Texts(texts) => (texts, &[]),
            Operands::Arns(arns) => (&[], arns),
            _ => (&[], &[]),
        };
        core::iter::once(&self.key)
            .chain(texts.iter().flat_map(Pattern::keys))
            .chain(arns.iter().flat_map(ArnPattern::keys))
    }

    /// The condition key it tests.
    pub(super) const fn key(&self) -> &ConditionKey {
        &self.key
    }
}

impl Operands {
    /// A fault of its own, or the value that is not of the operator's type.
    fn compile(
        comparison: Comparison,
        texts: &[String],
        variables: bool,
    ) -> Result<Self, Result<Fault, String>> {
        fn each<T>(
            texts: &[String],
            read: impl Fn(&str) -> Option<T>,
        ) -> Result<Vec<T>, Result<Fault, String>> {
            texts
                .iter()
                .map(|text| read(text).ok_or_else(|| Err(text.clone())))
                .collect()
        }
        let patterns = |reading| -> Result<Vec<Pattern>, Result<Fault, String>> {
            texts
                .iter()
                .map(|text| Pattern::compile(text, reading, variables).map_err(Ok))
                .collect()
        };
        Ok(match comparison {
            Comparison::Text(reading) => Self::Texts(patterns(reading)?),
            Comparison::Number(order) => Self::Numbers(order, each(texts, Decimal::parse)?),
            Comparison::Date(order) => Self::Dates(order, each(texts, instant)?),
            Comparison::Bool => {
                each(texts, |text| {
                    (truth(text).is_some() || (variables && text.contains("${"))).then_some(())
                })?;
                Self::Texts(patterns(Reading::IgnoreCase)?)
            }
            Comparison::Binary => Self::Binaries(each(texts, |text| BASE64.decode(text).ok())?),
            Comparison::Address => Self::Networks(each(texts, Network::parse)?),
            Comparison::Arn => {
                let arns = texts
                    .iter()
                    .map(|text| ArnPattern::compile(text, variables).map_err(Ok));
                Self::Arns(arns.collect::<Result<_, _>>()?)
            }
            Comparison::Null => Self::Absent(each(texts, truth)?),
        })
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Texts(values) => values.is_empty(),
            Self::Numbers(_, values) => values.is_empty(),
            Self::Dates(_, values) => values.is_empty(),
            Self::Binaries(values) => values.is_empty(),
            Self::Networks(values) => values.is_empty(),
            Self::Arns(values) => values.is_empty(),
            Self::Absent(values) => values.is_empty(),
        }
    }

    /// Whether one of the policy's values matches; `None` when that cannot be told.
    fn match_any(&self, value: &str, context: &dyn Context) -> Option<bool> {
        match self {
            Self::Texts(patterns) => any(patterns.iter().map(|p| p.matches(value, context))),
            Self::Arns(patterns) => any(patterns.iter().map(|p| p.matches(value, context))),
            Self::Numbers(order, own) => {
                let value = Decimal::parse(value)?;
                Some(own.iter().any(|own| order.holds(value.compare(own))))
            }
            Self::Dates(order, own) => {
                let value = instant(value)?;
                Some(own.iter().any(|own| order.holds(value.cmp(own))))
            }
            Self::Binaries(own) => Some(own.contains(&BASE64.decode(value).ok()?)),
            Self::Networks(own) => {
                let address = value.parse::<IpAddr>().ok()?.to_canonical();
                Some(own.iter().any(|own| own.contains(address)))
            }
            Self::Absent(_) => None,
        }
    }
}

impl Order {
    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// True when one is, else unknown when one is.
pub(super) fn any(results: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut unknown = false;
    for result in results {
        match result {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Quotation marks are optional around numbers and booleans.
fn condition_values(key: &str, node: &Node) -> Result<Vec<String>, Fault> {
    let nodes: &[Node] = match node {
        Node::Array(items) => items,
        one => core::slice::from_ref(one),
    };
    let text = |node: &Node| match node {
        Node::Text(text) | Node::Number(text) => Ok(text.clone()),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Object(_) | Node::Array(_) | Node::Null => Err(Fault::syntax(format!(
            "The values of the condition key {key:?} must be strings."
        ))),
    };
    nodes.iter().map(text).collect()
}

fn unknown_operator(operator: &str) -> Fault {
    Fault::syntax(format!("Invalid Condition type : {operator}."))
}

fn invalid_value(operator: &str, key: &str, value: &str) -> Fault {
    Fault::syntax(format!(
        "The value {value:?} of the condition key {key:?} is not valid for {operator}."
    ))
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
