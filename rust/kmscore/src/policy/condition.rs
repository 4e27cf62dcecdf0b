//! The Condition element: operators and what they compare.
//!
//! Source: IAM user guide, "Condition operators", "Conditions with multiple context keys or values".

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::{Context, Values};
use super::date;
use super::document::{Fault, Rule};
use super::json::Json;
use super::pattern::{Pattern, Reading};

/// One operator on one key: `"StringEquals": {"aws:PrincipalTag/team": ["blue"]}`.
#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    /// In lower case.
    pub(super) key: String,
    quantifier: Quantifier,
    if_exists: bool,
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    None,
    Any,
    All,
}

#[derive(Debug, PartialEq)]
enum Test {
    Text {
        patterns: Vec<Pattern>,
        ignore_case: bool,
    },
    Arn(Vec<Pattern>),
    Number(Order, Vec<f64>),
    Date(Order, Vec<i64>),
    Bool(Vec<Pattern>),
    Binary(Vec<Vec<u8>>),
    Address(Vec<(IpAddr, u8)>),
    /// Whether the key must be absent.
    Null(Vec<bool>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds<T: PartialOrd>(self, one: T, other: T) -> bool {
        match self {
            Self::Equal => one == other,
            Self::Less => one < other,
            Self::LessOrEqual => one <= other,
            Self::Greater => one > other,
            Self::GreaterOrEqual => one >= other,
        }
    }
}

/// The kind of an operator, before its values are read.
#[derive(Clone, Copy)]
enum Family {
    Text { wildcards: bool, ignore_case: bool },
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Null,
}

/// An operator's name, its family, and whether it is a negation.
const OPERATORS: &[(&str, Family, bool)] = {
    use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    const fn text(wildcards: bool, ignore_case: bool) -> Family {
        Family::Text {
            wildcards,
            ignore_case,
        }
    }
    &[
        ("stringequals", text(false, false), false),
        ("stringnotequals", text(false, false), true),
        ("stringequalsignorecase", text(false, true), false),
        ("stringnotequalsignorecase", text(false, true), true),
        ("stringlike", text(true, false), false),
        ("stringnotlike", text(true, false), true),
        ("arnequals", Family::Arn, false),
        ("arnlike", Family::Arn, false),
        ("arnnotequals", Family::Arn, true),
        ("arnnotlike", Family::Arn, true),
        ("numericequals", Family::Number(Equal), false),
        ("numericnotequals", Family::Number(Equal), true),
        ("numericlessthan", Family::Number(Less), false),
        ("numericlessthanequals", Family::Number(LessOrEqual), false),
        ("numericgreaterthan", Family::Number(Greater), false),
        (
            "numericgreaterthanequals",
            Family::Number(GreaterOrEqual),
            false,
        ),
        ("dateequals", Family::Date(Equal), false),
        ("datenotequals", Family::Date(Equal), true),
        ("datelessthan", Family::Date(Less), false),
        ("datelessthanequals", Family::Date(LessOrEqual), false),
        ("dategreaterthan", Family::Date(Greater), false),
        ("dategreaterthanequals", Family::Date(GreaterOrEqual), false),
        ("bool", Family::Bool, false),
        ("binaryequals", Family::Binary, false),
        ("ipaddress", Family::Address, false),
        ("notipaddress", Family::Address, true),
        ("null", Family::Null, false),
    ]
};

/// Condition keys over which ForAllValues would let a request through that has none of them.
const FOR_ALL_VALUES_REFUSED: &[&str] = &["kms:encryptioncontext:", "aws:requesttag/"];

impl Condition {
    /// Reads the Condition element of a statement.
    pub(super) fn read_all(block: &Json, rule: Rule) -> Result<Vec<Self>, Fault> {
        let Json::Object(operators) = block else {
            return Err(Fault::element("Condition", "must be an object"));
        };
        let mut found = vec![];
        for (operator, keys) in operators {
            let Json::Object(keys) = keys else {
                return Err(Fault::element(
                    "Condition",
                    &format!("{operator} must hold an object of condition keys"),
                ));
            };
            for (key, values) in keys {
                found.push(Self::read(operator, key, values, rule)?);
            }
        }
        Ok(found)
    }

    fn read(operator: &str, key: &str, values: &Json, rule: Rule) -> Result<Self, Fault> {
        let lower = operator.to_ascii_lowercase();
        let (quantifier, rest) = if let Some(rest) = lower.strip_prefix("foranyvalue:") {
            (Quantifier::Any, rest)
        } else if let Some(rest) = lower.strip_prefix("forallvalues:") {
            (Quantifier::All, rest)
        } else {
            (Quantifier::None, lower.as_str())
        };
        let (name, if_exists) = match rest.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let known = OPERATORS.iter().find(|(known, ..)| *known == name);
        let Some((_, family, negated)) = known.filter(|(known, ..)| *known != "null" || !if_exists)
        else {
            return Err(Fault::element(
                "Condition",
                &format!("{operator} is not a condition operator"),
            ));
        };
        let key = key.to_ascii_lowercase();
        if key.is_empty() || !key.contains(':') {
            return Err(Fault::element(
                "Condition",
                &format!("{key:?} is not a condition key"),
            ));
        }
        let refused = FOR_ALL_VALUES_REFUSED
            .iter()
            .any(|prefix| key.starts_with(prefix));
        if quantifier == Quantifier::All && refused {
            return Err(Fault::new(format!(
                "OverlyPermissiveCondition: Using ForAllValues with the condition key {key} could lead to an overly permissive policy."
            )));
        }
        Ok(Self {
            test: Test::read(*family, operator, values, rule)?,
            key,
            quantifier,
            if_exists,
            negated: *negated,
        })
    }

    /// The condition keys it reads: its own and those of its variables.
    pub(super) fn keys(&self) -> Vec<&str> {
        let patterns: &[Pattern] = match &self.test {
            Test::Text { patterns, .. } | Test::Arn(patterns) | Test::Bool(patterns) => patterns,
            _ => &[],
        };
        let variables = patterns.iter().flat_map(Pattern::variables);
        core::iter::once(self.key.as_str())
            .chain(variables)
            .collect()
    }

    pub(super) fn holds(&self, context: &dyn Context) -> bool {
        let values = context.values(&self.key);
        if let Test::Null(expected) = &self.test {
            let absent = values == Values::Absent;
            return expected.contains(&absent);
        }
        let Some(values) = values.as_slice().filter(|values| !values.is_empty()) else {
            return self.if_exists
                || match self.quantifier {
                    Quantifier::None => self.negated,
                    Quantifier::Any => false,
                    Quantifier::All => true,
                };
        };
        let meets = |value: &str| self.test.matches(value, context);
        match (self.quantifier, self.negated) {
            (Quantifier::None | Quantifier::Any, false) => values.iter().any(|v| meets(v)),
            // Without a quantifier, several values are met by a negation only if none of them matches.
            (Quantifier::None | Quantifier::All, true) => !values.iter().any(|v| meets(v)),
            (Quantifier::Any, true) => values.iter().any(|v| !meets(v)),
            (Quantifier::All, false) => values.iter().all(|v| meets(v)),
        }
    }
}

impl Test {
    fn read(family: Family, operator: &str, values: &Json, rule: Rule) -> Result<Self, Fault> {
        let texts = values
            .items()
            .iter()
            .map(|value| match value {
                Json::Text(text) | Json::Number(text) => Ok(text.clone()),
                Json::Bool(truth) => Ok(truth.to_string()),
                _ => Err(Fault::element(
                    "Condition",
                    &format!("{operator} must compare with text"),
                )),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let patterns = |wildcards| {
            let reading = Reading {
                wildcards,
                variables: rule.variables,
            };
            texts
                .iter()
                .map(|text| Pattern::read(text, reading))
                .collect()
        };
        let malformed = |text: &str, what: &str| {
            Fault::element(
                "Condition",
                &format!("{operator} compares with {text:?}, which is no {what}"),
            )
        };
        Ok(match family {
            Family::Text {
                wildcards,
                ignore_case,
            } => Self::Text {
                patterns: patterns(wildcards),
                ignore_case,
            },
            Family::Arn => Self::Arn(patterns(true)),
            Family::Bool => Self::Bool(patterns(false)),
            Family::Number(order) => Self::Number(
                order,
                each(&texts, |text| {
                    number(text).ok_or_else(|| malformed(text, "number"))
                })?,
            ),
            Family::Date(order) => Self::Date(
                order,
                each(&texts, |text| {
                    date::parse(text).ok_or_else(|| malformed(text, "date"))
                })?,
            ),
            Family::Binary => Self::Binary(each(&texts, |text| {
                STANDARD.decode(text).map_err(|_| malformed(text, "base64"))
            })?),
            Family::Address => Self::Address(each(&texts, |text| {
                network(text).ok_or_else(|| malformed(text, "IP address or range"))
            })?),
            Family::Null => Self::Null(each(&texts, |text| match text.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(malformed(text, "truth value")),
            })?),
        })
    }

    fn matches(&self, value: &str, context: &dyn Context) -> bool {
        match self {
            Self::Text {
                patterns,
                ignore_case,
            } => patterns
                .iter()
                .any(|pattern| pattern.matches(value, *ignore_case, context)),
            Self::Arn(patterns) => patterns.iter().any(|p| arn_matches(p, value, context)),
            Self::Bool(patterns) => patterns.iter().any(|p| p.matches(value, true, context)),
            Self::Number(order, bounds) => {
                number(value).is_some_and(|n| bounds.iter().any(|bound| order.holds(n, *bound)))
            }
            Self::Date(order, bounds) => date::parse(value)
                .is_some_and(|time| bounds.iter().any(|bound| order.holds(time, *bound))),
            Self::Binary(expected) => STANDARD
                .decode(value)
                .is_ok_and(|bytes| expected.contains(&bytes)),
            Self::Address(networks) => value
                .parse()
                .is_ok_and(|address| networks.iter().any(|net| contains(*net, address))),
            Self::Null(_) => false,
        }
    }
}

fn each<T>(texts: &[String], read: impl Fn(&String) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    texts.iter().map(read).collect()
}

fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// The six parts of an ARN are matched one by one, so that `*` in one does not reach into the next.
fn arn_matches(pattern: &Pattern, value: &str, context: &dyn Context) -> bool {
    let Some(pattern) = pattern.expanded(context) else {
        return false;
    };
    if pattern == "*" {
        return true;
    }
    let (parts, values): (Vec<_>, Vec<_>) = (
        pattern.splitn(6, ':').collect(),
        value.splitn(6, ':').collect(),
    );
    let reading = Reading {
        wildcards: true,
        variables: false,
    };
    parts.len() == values.len()
        && parts.iter().zip(values).all(|(part, value)| {
            *part == value || Pattern::read(part, reading).matches(value, false, context)
        })
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(longest);
    (length <= longest).then_some((address, length))
}

fn contains((network, length): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= u32::from(length)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= u32::from(length)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::Pairs;
    use super::*;

    const RULE: Rule = Rule { variables: true };

    fn holds(block: &str, context: &Pairs) -> bool {
        let block = Json::parse(block).expect("JSON");
        Condition::read_all(&block, RULE)
            .expect("a condition")
            .iter()
            .all(|condition| condition.holds(context))
    }

    fn one(operator: &str, pattern: &str, value: Option<&str>) -> bool {
        let mut context = Pairs::default();
        if let Some(value) = value {
            context.set("x:Key", value);
        }
        holds(
            &format!(r#"{{"{operator}": {{"x:key": "{pattern}"}}}}"#),
            &context,
        )
    }

    fn many(operator: &str, patterns: &str, values: &[&str]) -> bool {
        let mut context = Pairs::default();
        if !values.is_empty() {
            context.set_many("x:key", values.iter().map(ToString::to_string).collect());
        }
        holds(
            &format!(r#"{{"{operator}": {{"x:key": {patterns}}}}}"#),
            &context,
        )
    }

    #[test]
    fn each_operator_on_one_value() {
        for (operator, pattern, value, expected) in [
            ("StringEquals", "a", "a", true),
            ("StringEquals", "a", "A", false),
            ("StringEquals", "a*", "ab", false),
            ("StringNotEquals", "a", "b", true),
            ("StringEqualsIgnoreCase", "a", "A", true),
            ("StringNotEqualsIgnoreCase", "a", "A", false),
            ("StringLike", "a*", "ab", true),
            ("StringNotLike", "a*", "ab", false),
            ("NumericEquals", "10", "10.0", true),
            ("NumericNotEquals", "10", "10", false),
            ("NumericLessThan", "10", "9", true),
            ("NumericLessThanEquals", "10", "10", true),
            ("NumericGreaterThan", "10", "10", false),
            ("NumericGreaterThanEquals", "10", "10", true),
            ("NumericLessThan", "10", "many", false),
            (
                "DateLessThan",
                "2026-01-01T00:00:00Z",
                "2025-12-31T23:59:59Z",
                true,
            ),
            ("DateGreaterThan", "2026-01-01", "1767225601", true),
            (
                "DateEquals",
                "1767225600",
                "2026-01-01T01:00:00+01:00",
                true,
            ),
            ("DateNotEquals", "1767225600", "2026-01-01T00:00:00Z", false),
            ("Bool", "true", "true", true),
            ("Bool", "false", "true", false),
            ("BinaryEquals", "YQ==", "YQ==", true),
            ("BinaryEquals", "YQ==", "Yg==", false),
            ("IpAddress", "203.0.113.0/24", "203.0.113.9", true),
            ("IpAddress", "203.0.113.0/24", "203.0.114.9", false),
            ("IpAddress", "2001:db8::/32", "2001:db8:1::1", true),
            ("IpAddress", "0.0.0.0/0", "2001:db8::1", false),
            ("NotIpAddress", "203.0.113.0/24", "203.0.114.9", true),
            (
                "ArnLike",
                "arn:aws:iam::*:user/*",
                "arn:aws:iam::1:user/a/b",
                true,
            ),
            (
                "ArnEquals",
                "arn:aws:iam::*:user/a",
                "arn:aws:iam::1:user/a",
                true,
            ),
            (
                "ArnLike",
                "arn:aws:*:user/a",
                "arn:aws:iam::1:user/a",
                false,
            ),
            (
                "ArnNotLike",
                "arn:aws:iam::*:user/*",
                "arn:aws:iam::1:role/a",
                true,
            ),
        ] {
            assert_eq!(
                one(operator, pattern, Some(value)),
                expected,
                "{operator} {pattern} {value}"
            );
        }
    }

    #[test]
    fn absent_keys() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotEqualsIfExists", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("ForAllValues:StringEquals", true),
            ("ForAllValues:StringNotEquals", true),
        ] {
            assert_eq!(one(operator, "a", None), expected, "{operator}");
        }
        assert!(one("Null", "true", None));
        assert!(!one("Null", "false", None));
        assert!(one("Null", "false", Some("")));
    }

    #[test]
    fn several_values() {
        let values = &["a", "b"];
        assert!(many("ForAnyValue:StringEquals", r#"["a", "c"]"#, values));
        assert!(!many("ForAllValues:StringEquals", r#"["a", "c"]"#, values));
        assert!(many(
            "ForAllValues:StringEquals",
            r#"["a", "b", "c"]"#,
            values
        ));
        assert!(many("ForAnyValue:StringNotEquals", r#"["a"]"#, values));
        assert!(!many(
            "ForAnyValue:StringNotEquals",
            r#"["a", "b"]"#,
            values
        ));
        assert!(!many("ForAllValues:StringNotEquals", r#"["a"]"#, values));
        assert!(many("ForAllValues:StringNotEquals", r#"["c"]"#, values));
        assert!(many("StringEquals", r#"["a"]"#, values));
        assert!(!many("StringNotEquals", r#"["a"]"#, values));
    }

    #[test]
    fn malformed_conditions_name_the_element() {
        for block in [
            r"[]",
            r#"{"StringSimilar": {"x:key": "a"}}"#,
            r#"{"NullIfExists": {"x:key": "true"}}"#,
            r#"{"StringEquals": "a"}"#,
            r#"{"StringEquals": {"x:key": {}}}"#,
            r#"{"StringEquals": {"key": "a"}}"#,
            r#"{"NumericEquals": {"x:key": "ten"}}"#,
            r#"{"DateLessThan": {"x:key": "tomorrow"}}"#,
            r#"{"IpAddress": {"x:key": "10.0.0.0/33"}}"#,
            r#"{"BinaryEquals": {"x:key": "%"}}"#,
            r#"{"ForSomeValues:StringEquals": {"x:key": "a"}}"#,
        ] {
            let block = Json::parse(block).expect("JSON");
            let fault = Condition::read_all(&block, RULE).expect_err("malformed");
            assert!(fault.to_string().contains("Condition"), "{fault}");
        }
        let block = r#"{"ForAllValues:StringEquals": {"kms:EncryptionContext:app": "a"}}"#;
        let fault =
            Condition::read_all(&Json::parse(block).expect("JSON"), RULE).expect_err("refused");
        assert!(fault.to_string().starts_with("OverlyPermissiveCondition"));
    }
}
