//! Texts of a policy: literal, with wildcards, with policy variables; and how they match.
//!
//! Source: IAM user guide, "IAM JSON policy elements: Resource", "Variables and tags".

use std::borrow::Cow;

use super::context::{Context, Values};

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Atom {
    Sign(char),
    /// `?`
    One,
    /// `*`
    Run,
}

/// A piece of a text that has policy variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Fixed(Vec<Atom>),
    Variable {
        /// Lower-case condition key.
        key: String,
        default: Option<String>,
    },
}

/// A text of a policy, ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `*`
    Anything,
    /// No wildcard, no variable.
    Exact(String),
    /// A literal and a last `*`.
    Prefix(String),
    Glob(Vec<Atom>),
    Template(Vec<Piece>),
}

/// How a text is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// `*` and `?` stand for others.
    pub(super) wildcards: bool,
    /// `${...}` stands for a value of the request: policies of version 2012-10-17 only.
    pub(super) variables: bool,
}

impl Pattern {
    pub(super) fn read(text: &str, reading: Reading) -> Self {
        let pieces = pieces(text, reading);
        let mut atoms = vec![];
        for piece in &pieces {
            match piece {
                Piece::Fixed(fixed) => atoms.extend_from_slice(fixed),
                Piece::Variable { .. } => return Self::Template(pieces),
            }
        }
        Self::of_atoms(atoms)
    }

    fn of_atoms(atoms: Vec<Atom>) -> Self {
        if atoms == [Atom::Run] {
            return Self::Anything;
        }
        let signs = |atoms: &[Atom]| {
            atoms
                .iter()
                .map(|atom| match atom {
                    Atom::Sign(sign) => Some(*sign),
                    _ => None,
                })
                .collect::<Option<String>>()
        };
        match (signs(&atoms), atoms.split_last()) {
            (Some(text), _) => Self::Exact(text),
            (None, Some((Atom::Run, rest))) => match signs(rest) {
                Some(prefix) => Self::Prefix(prefix),
                None => Self::Glob(atoms),
            },
            _ => Self::Glob(atoms),
        }
    }

    /// The condition keys of its variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = match self {
            Self::Template(pieces) => pieces,
            _ => &[],
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_str()),
            Piece::Fixed(_) => None,
        })
    }

    /// Whether a text matches; a variable that has no value in the request matches nothing.
    pub(super) fn matches(&self, text: &str, ignore_case: bool, context: &dyn Context) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(exact) if ignore_case => exact.eq_ignore_ascii_case(text),
            Self::Exact(exact) => exact == text,
            Self::Prefix(prefix) => text.get(..prefix.len()).is_some_and(|start| {
                start == prefix || (ignore_case && start.eq_ignore_ascii_case(prefix))
            }),
            Self::Glob(atoms) => glob(atoms, text, ignore_case),
            Self::Template(pieces) => {
                expand(pieces, context).is_some_and(|atoms| glob(&atoms, text, ignore_case))
            }
        }
    }

    /// The text itself, once its variables have values; wildcards stand as they were written.
    pub(super) fn expanded(&self, context: &dyn Context) -> Option<Cow<'_, str>> {
        let text = |atoms: &[Atom]| -> String {
            atoms
                .iter()
                .map(|atom| match atom {
                    Atom::Sign(sign) => *sign,
                    Atom::One => '?',
                    Atom::Run => '*',
                })
                .collect()
        };
        Some(match self {
            Self::Anything => Cow::Borrowed("*"),
            Self::Exact(exact) => Cow::Borrowed(exact),
            Self::Prefix(prefix) => Cow::Owned(format!("{prefix}*")),
            Self::Glob(atoms) => Cow::Owned(text(atoms)),
            Self::Template(pieces) => Cow::Owned(text(&expand(pieces, context)?)),
        })
    }
}

fn pieces(text: &str, reading: Reading) -> Vec<Piece> {
    let mut found = vec![];
    let mut fixed = vec![];
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if reading.variables
            && let Some((inside, after)) = rest
                .strip_prefix("${")
                .and_then(|after| after.split_once('}'))
        {
            rest = after;
            match inside {
                // The only way to write these signs where they would be wildcards.
                "*" | "?" | "$" => fixed.extend(inside.chars().map(Atom::Sign)),
                _ => {
                    found.push(Piece::Fixed(core::mem::take(&mut fixed)));
                    found.push(variable(inside));
                }
            }
            continue;
        }
        fixed.push(match sign {
            '*' if reading.wildcards => Atom::Run,
            '?' if reading.wildcards => Atom::One,
            sign => Atom::Sign(sign),
        });
        rest = &rest[sign.len_utf8()..];
    }
    found.push(Piece::Fixed(fixed));
    found
}

/// `aws:username`, or `aws:PrincipalTag/team, 'nobody'` with a default.
fn variable(inside: &str) -> Piece {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    Piece::Variable {
        key: key.trim().to_ascii_lowercase(),
        default,
    }
}

fn expand(pieces: &[Piece], context: &dyn Context) -> Option<Vec<Atom>> {
    let mut atoms = vec![];
    for piece in pieces {
        match piece {
            Piece::Fixed(fixed) => atoms.extend_from_slice(fixed),
            Piece::Variable { key, default } => match (context.values(key), default) {
                (Values::One(value), _) => atoms.extend(value.chars().map(Atom::Sign)),
                (_, Some(default)) => atoms.extend(default.chars().map(Atom::Sign)),
                _ => return None,
            },
        }
    }
    Some(atoms)
}

/// Wildcards by remembering only the last `*`: never more steps than pattern times text.
fn glob(pattern: &[Atom], text: &str, ignore_case: bool) -> bool {
    let same =
        |one: char, other: char| one == other || (ignore_case && one.eq_ignore_ascii_case(&other));
    let (mut place, mut rest) = (0, text);
    let mut last_run: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        match (pattern.get(place), next) {
            (Some(Atom::Run), _) => {
                place += 1;
                last_run = Some((place, rest));
                continue;
            }
            (Some(Atom::One), Some(sign)) => {
                place += 1;
                rest = &rest[sign.len_utf8()..];
                continue;
            }
            (Some(Atom::Sign(expected)), Some(sign)) if same(*expected, sign) => {
                place += 1;
                rest = &rest[sign.len_utf8()..];
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        // Let the last `*` stand for one sign more.
        let Some((after, from)) = last_run else {
            return false;
        };
        let Some(sign) = from.chars().next() else {
            return false;
        };
        let shorter = &from[sign.len_utf8()..];
        last_run = Some((after, shorter));
        (place, rest) = (after, shorter);
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::Pairs;
    use super::*;

    const WILD: Reading = Reading {
        wildcards: true,
        variables: true,
    };

    fn matches(pattern: &str, text: &str) -> bool {
        let context = Pairs::from([("aws:username", "an*a"), ("aws:PrincipalTag/team", "blue")]);
        Pattern::read(pattern, WILD).matches(text, false, &context)
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("a*", "b", false),
            ("*a", "bba", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("**", "x", true),
            ("ab", "abc", false),
            ("é?", "éé", true),
            ("a*b", "a\u{1F600}b", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_are_values_and_never_wildcards() {
        assert!(matches("user/${aws:username}", "user/an*a"));
        assert!(!matches("user/${aws:username}", "user/anxa"));
        assert!(matches("${aws:PrincipalTag/team}/*", "blue/x"));
        assert!(!matches("${aws:userid}", ""));
        assert!(matches("${aws:userid, 'nobody'}", "nobody"));
        assert!(matches("${*}${?}${$}", "*?$"));
        assert!(!matches("${*}", "x"));
        assert!(matches("${unclosed", "${unclosed"));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let pattern = "*a".repeat(60);
        assert!(!matches(&pattern, &"a".repeat(59)));
        assert!(!matches(&pattern, &"ab".repeat(2_000)));
    }

    #[test]
    fn case_is_ignored_only_where_asked() {
        let pattern = Pattern::read("kms:en*t", WILD);
        let nothing = Pairs::default();
        assert!(pattern.matches("kms:Encrypt", true, &nothing));
        assert!(!pattern.matches("kms:Encrypt", false, &nothing));
        assert!(Pattern::read("KMS:Enc*", WILD).matches("kms:Encrypt", true, &nothing));
    }
}
