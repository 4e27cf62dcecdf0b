//! Every fault of a request at once, in the wording of AWS KMS.
//!
//! Source: replies recorded from the service, such as "1 validation error detected: Value '1025' at 'numberOfBytes' failed
//! to satisfy constraint: Member must have value less than or equal to 1024".

use core::fmt::{self, Display, Formatter, Write};

use super::{Kind, Member, Operation, Structure, pattern};
use crate::error::{Error, Result};
use crate::value::{Request, Value};

/// Holds a request to the constraints of its declaration. Nothing is allocated while there is no fault.
///
/// # Errors
/// `ValidationException` that names every member at fault and the rule it breaks. Sensitive values and blobs are not shown.
pub fn validate(operation: &Operation, request: &Request) -> Result<()> {
    let mut faults = Faults::default();
    check_structure(operation.input, request.members(), None, &mut faults);
    faults.into_result()
}

fn check_structure(
    shape: &Structure,
    given: &[(&'static str, Value)],
    parent: Option<&Path<'_>>,
    faults: &mut Faults,
) {
    for member in shape.members {
        let path = Path {
            parent,
            step: Step::Member(member.name),
        };
        match given.iter().find(|(name, _)| *name == member.name) {
            Some((_, value)) => check_member(member, value, &path, faults),
            None if member.required => faults.add_missing(&path),
            None => {}
        }
    }
}

fn check_member(member: &Member, value: &Value, path: &Path<'_>, faults: &mut Faults) {
    match (&member.kind, value) {
        (Kind::Structure(shape), Value::Structure(members)) => {
            check_structure(shape, members, Some(path), faults)
        }
        (Kind::List { item, .. }, Value::List(items)) => {
            check_value(&member.kind, value, member.sensitive, path, faults);
            check_items(item, value, items, path, faults);
        }
        (kind, value) => check_value(kind, value, member.sensitive, path, faults),
    }
}

/// Structures in a list are reported one by one, under their number; other items together, with all rules of an item.
fn check_items(item: &Kind, list: &Value, items: &[Value], path: &Path<'_>, faults: &mut Faults) {
    if let Kind::Structure(shape) = item {
        for (index, value) in items.iter().enumerate() {
            let Value::Structure(members) = value else {
                continue;
            };
            let numbered = Path {
                parent: Some(path),
                step: Step::Item(index + 1),
            };
            check_structure(shape, members, Some(&numbered), faults);
        }
    } else if items
        .iter()
        .any(|value| constraints(item).any(|rule| !rule.holds(value)))
    {
        faults.add(path, list, false, &EveryItem(item));
    }
}

fn check_value(kind: &Kind, value: &Value, sensitive: bool, path: &Path<'_>, faults: &mut Faults) {
    for rule in constraints(kind) {
        if !rule.holds(value) {
            faults.add(path, value, sensitive, &rule);
        }
    }
}

/// One rule of a kind.
enum Constraint {
    LongestLength(usize),
    ShortestLength(usize),
    Largest(i64),
    Smallest(i64),
    Words(&'static [&'static str]),
    Pattern(&'static str),
}

/// The rules of a kind, in the order in which the service names them.
fn constraints(kind: &Kind) -> impl Iterator<Item = Constraint> {
    use Constraint::{Largest, LongestLength, Pattern, ShortestLength, Smallest, Words};
    let length = |min: usize, max: usize| {
        [
            (max < usize::MAX).then_some(LongestLength(max)),
            (min > 0).then_some(ShortestLength(min)),
        ]
    };
    let ([first, second], third) = match *kind {
        Kind::Integer { min, max } => ([max.map(Largest), min.map(Smallest)], None),
        Kind::String { min, max, pattern } => (length(min, max), pattern.map(Pattern)),
        Kind::Blob { min, max } | Kind::List { min, max, .. } => (length(min, max), None),
        Kind::Enum(words) => ([Some(Words(words)), None], None),
        Kind::Boolean | Kind::Timestamp | Kind::Map | Kind::Structure(_) => ([None, None], None),
    };
    [first, second, third].into_iter().flatten()
}

impl Constraint {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::LongestLength(max), value) => length(value) <= *max,
            (Self::ShortestLength(min), value) => length(value) >= *min,
            (Self::Largest(max), Value::Integer(number)) => number <= max,
            (Self::Smallest(min), Value::Integer(number)) => number >= min,
            (Self::Words(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Pattern(pattern), Value::String(text)) => pattern::matches(pattern, text),
            // The door gave a value of another kind than the declared one.
            _ => false,
        }
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Blob(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Boolean(_)
        | Value::Integer(_)
        | Value::Timestamp(_)
        | Value::Map(_)
        | Value::Structure(_) => 0,
    }
}

impl Display for Constraint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongestLength(max) => {
                write!(f, "Member must have length less than or equal to {max}")
            }
            Self::ShortestLength(min) => {
                write!(f, "Member must have length greater than or equal to {min}")
            }
            Self::Largest(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::Smallest(min) => {
                write!(f, "Member must have value greater than or equal to {min}")
            }
            Self::Words(words) => write!(
                f,
                "Member must satisfy enum value set: [{}]",
                words.join(", ")
            ),
            Self::Pattern(pattern) => write!(
                f,
                "Member must satisfy regular expression pattern: {pattern}"
            ),
        }
    }
}

/// All rules of a list's items, as the service names them when one item breaks one.
struct EveryItem<'a>(&'a Kind);

impl Display for EveryItem<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Member must satisfy constraint: ")?;
        write_joined(f, constraints(self.0))
    }
}

fn write_joined(f: &mut Formatter<'_>, items: impl Iterator<Item = impl Display>) -> fmt::Result {
    f.write_char('[')?;
    for (index, item) in items.enumerate() {
        let separator = if index > 0 { ", " } else { "" };
        write!(f, "{separator}{item}")?;
    }
    f.write_char(']')
}

/// Where a value stands, kept on the stack: its text is only needed for a fault.
struct Path<'a> {
    parent: Option<&'a Self>,
    step: Step,
}

enum Step {
    Member(&'static str),
    /// The number of a list's item, from 1.
    Item(usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        match self.step {
            Step::Member(name) => write_lower_camel_case(f, name),
            Step::Item(number) => write!(f, "{number}.member"),
        }
    }
}

/// `KeyId` as `keyId`. No member of a request begins with more than one capital.
fn write_lower_camel_case(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    let (first, rest) = name.split_at(1);
    write!(f, "{}{rest}", first.to_ascii_lowercase())
}

/// A value as the service quotes it.
struct Quoted<'a>(&'a Value);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(text),
            Value::Integer(number) => write!(f, "{number}"),
            Value::List(items) => write_joined(f, items.iter().map(Quoted)),
            Value::Boolean(_)
            | Value::Blob(_)
            | Value::Timestamp(_)
            | Value::Map(_)
            | Value::Structure(_) => Ok(()),
        }
    }
}

#[derive(Default)]
struct Faults {
    count: usize,
    text: String,
}

impl Faults {
    fn add(&mut self, path: &Path<'_>, value: &Value, sensitive: bool, rule: &dyn Display) {
        if sensitive || matches!(value, Value::Blob(_)) {
            self.push(format_args!(
                "Value at '{path}' failed to satisfy constraint: {rule}"
            ));
        } else {
            self.push(format_args!(
                "Value '{}' at '{path}' failed to satisfy constraint: {rule}",
                Quoted(value)
            ));
        }
    }

    fn add_missing(&mut self, path: &Path<'_>) {
        self.push(format_args!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    fn push(&mut self, fault: fmt::Arguments<'_>) {
        let separator = if self.count > 0 { "; " } else { "" };
        write!(self.text, "{separator}{fault}").expect("writing to a String does not fail");
        self.count += 1;
    }

    fn into_result(self) -> Result<()> {
        match self.count {
            0 => Ok(()),
            1 => Err(Error::validation(format!(
                "1 validation error detected: {}",
                self.text
            ))),
            count => Err(Error::validation(format!(
                "{count} validation errors detected: {}",
                self.text
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
