//! Texts of a policy: wildcards, policy variables, and Amazon resource names compared part by part.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags" and "Using wildcards in resource ARNs".

use std::borrow::Cow;

use super::context::{ConditionKey, Context, Values};
use super::fault::Fault;

/// How letters, `*` and `?` of a policy text are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Every character stands for itself.
    Exact,
    /// Likewise, but letter case does not count.
    IgnoreCase,
    /// `*` stands for any text, `?` for any one character.
    Wildcards,
    /// Wildcards, and ASCII letter case does not count (actions).
    Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(Box<str>),
    One,
    Many,
    Variable {
        key: ConditionKey,
        default: Option<Box<str>>,
    },
}

/// A token whose variable has its value.
#[derive(Clone, Copy)]
enum Atom<'a> {
    Text(&'a str),
    One,
    Many,
}

/// A compiled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    tokens: Box<[Token]>,
    reading: Reading,
    variables: bool,
}

impl Pattern {
    /// Compiles a text; `variables` is whether the policy's version has them.
    pub(super) fn compile(text: &str, reading: Reading, variables: bool) -> Result<Self, Fault> {
        let tokens = tokens(text, reading, variables)?;
        Ok(Self::of(tokens, reading))
    }

    fn of(tokens: Vec<Token>, reading: Reading) -> Self {
        let variables = tokens
            .iter()
            .any(|token| matches!(token, Token::Variable { .. }));
        Self {
            tokens: tokens.into(),
            reading,
            variables,
        }
    }

    /// Whether it describes this text; `None` when a variable has no value in this request.
    pub(super) fn matches(&self, text: &str, context: &dyn Context) -> Option<bool> {
        if !self.variables {
            return Some(self.matches_plain(text));
        }
        let values: Option<Vec<Cow<'_, str>>> =
            self.tokens.iter().map(|t| resolve(t, context)).collect();
        let values = values?;
        if self.reading == Reading::IgnoreCase {
            return Some(equal_ignoring_case(&values.concat(), text));
        }
        let atom = |index: usize| match &self.tokens[index] {
            Token::Variable { .. } => Atom::Text(&values[index]),
            token => plain(token),
        };
        Some(glob(values.len(), atom, text, false))
    }

    /// As `matches`, for a text known to have no variables.
    pub(super) fn matches_plain(&self, text: &str) -> bool {
        let fold = self.reading == Reading::Action;
        match &*self.tokens {
            [] => text.is_empty(),
            [Token::Many] => true,
            [Token::Text(head), Token::Many] => behind(text, head, fold).is_some(),
            [Token::Text(own)] => match self.reading {
                Reading::IgnoreCase => equal_ignoring_case(own, text),
                Reading::Action => own.eq_ignore_ascii_case(text),
                Reading::Exact | Reading::Wildcards => **own == *text,
            },
            tokens => glob(tokens.len(), |index| plain(&tokens[index]), text, fold),
        }
    }

    /// The condition keys its variables read.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ConditionKey> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable { key, .. } => Some(key),
            _ => None,
        })
    }
}

fn plain(token: &Token) -> Atom<'_> {
    match token {
        Token::Text(text) => Atom::Text(text),
        Token::One => Atom::One,
        Token::Many => Atom::Many,
        // Only texts without variables come here; one that did would match nothing that exists.
        Token::Variable { .. } => Atom::Text("\0"),
    }
}

/// The text a token stands for, empty for wildcards. A multivalued key stands for none: it is as good as missing.
fn resolve<'a>(token: &'a Token, context: &'a dyn Context) -> Option<Cow<'a, str>> {
    let (key, default) = match token {
        Token::Variable { key, default } => (key, default),
        Token::Text(text) => return Some(Cow::Borrowed(text)),
        Token::One | Token::Many => return Some(Cow::Borrowed("")),
    };
    match (context.values(key), default) {
        (Values::One(value), _) => Some(value),
        (_, Some(default)) => Some(Cow::Borrowed(default)),
        (_, None) => None,
    }
}

/// Wildcard matching that goes back to the last `*` only: never worse than pattern times text.
fn glob<'p>(count: usize, atom: impl Fn(usize) -> Atom<'p>, text: &str, fold: bool) -> bool {
    let (mut index, mut rest) = (0, text);
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let step = if index == count {
            if rest.is_empty() {
                return true;
            }
            None
        } else {
            match atom(index) {
                Atom::Many if index + 1 == count => return true,
                Atom::Many => {
                    retry = Some((index + 1, rest));
                    Some(rest)
                }
                Atom::One => behind_one(rest),
                Atom::Text(own) => behind(rest, own, fold),
            }
        };
        if let Some(behind) = step {
            (index, rest) = (index + 1, behind);
            continue;
        }
        let Some(later) = retry.and_then(|(from, at)| Some((from, behind_one(at)?))) else {
            return false;
        };
        retry = Some(later);
        (index, rest) = later;
    }
}

fn behind_one(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

fn behind<'t>(text: &'t str, own: &str, fold: bool) -> Option<&'t str> {
    if !fold {
        return text.strip_prefix(own);
    }
    let (head, rest) = text.split_at_checked(own.len())?;
    head.eq_ignore_ascii_case(own).then_some(rest)
}

fn equal_ignoring_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || one
            .chars()
            .flat_map(char::to_lowercase)
            .eq(other.chars().flat_map(char::to_lowercase))
}

fn tokens(text: &str, reading: Reading, variables: bool) -> Result<Vec<Token>, Fault> {
    let wild = matches!(reading, Reading::Wildcards | Reading::Action);
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if variables && rest.starts_with("${") {
            let (inside, behind) = rest[2..]
                .split_once('}')
                .ok_or_else(|| invalid_variable(rest))?;
            rest = behind;
            match inside {
                "*" | "?" | "$" => literal.push_str(inside),
                _ => {
                    flush(&mut literal, &mut tokens);
                    tokens.push(variable(inside)?);
                }
            }
            continue;
        }
        match character {
            '*' | '?' if wild => {
                flush(&mut literal, &mut tokens);
                let token = if character == '*' {
                    Token::Many
                } else {
                    Token::One
                };
                // Neighbouring stars are one.
                if token != Token::Many || tokens.last() != Some(&Token::Many) {
                    tokens.push(token);
                }
            }
            _ => literal.push(character),
        }
        rest = &rest[character.len_utf8()..];
    }
    flush(&mut literal, &mut tokens);
    Ok(tokens)
}

fn flush(literal: &mut String, tokens: &mut Vec<Token>) {
    if !literal.is_empty() {
        tokens.push(Token::Text(core::mem::take(literal).into()));
    }
}

/// `aws:username` or `aws:username, 'nobody'`.
fn variable(inside: &str) -> Result<Token, Fault> {
    let (name, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((name, default)) => {
            let default = default
                .trim_start()
                .strip_prefix('\'')
                .and_then(|text| text.strip_suffix('\''))
                .ok_or_else(|| invalid_variable(inside))?;
            (name, Some(default.into()))
        }
    };
    let (vendor, key) = name.split_once(':').unwrap_or_default();
    let odd = |character: char| "${}'*?".contains(character) || character.is_whitespace();
    if vendor.is_empty() || key.is_empty() || vendor.contains(odd) || key.contains(['$', '{']) {
        return Err(invalid_variable(inside));
    }
    Ok(Token::Variable {
        key: ConditionKey::new(name),
        default,
    })
}

fn invalid_variable(text: &str) -> Fault {
    Fault::syntax(format!("The policy variable in {text:?} is not valid."))
}

/// An ARN in which each of the six parts is matched for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArnPattern(Box<[Pattern]>);

/// Parts of an ARN.
const PARTS: usize = 6;

impl ArnPattern {
    /// Compiles an ARN. Parts left out at its end stand for anything, as IAM completes them.
    pub(super) fn compile(text: &str, variables: bool) -> Result<Self, Fault> {
        let mut parts: Vec<Vec<Token>> = vec![Vec::new()];
        for token in tokens(text, Reading::Wildcards, variables)? {
            let Token::Text(literal) = token else {
                parts.last_mut().expect("never empty").push(token);
                continue;
            };
            let room = PARTS - parts.len() + 1;
            for (index, piece) in literal.splitn(room, ':').enumerate() {
                if index > 0 {
                    parts.push(Vec::new());
                }
                if !piece.is_empty() {
                    parts
                        .last_mut()
                        .expect("never empty")
                        .push(Token::Text(piece.into()));
                }
            }
        }
        parts.resize(PARTS, vec![Token::Many]);
        let patterns = parts
            .into_iter()
            .map(|part| Pattern::of(part, Reading::Wildcards));
        Ok(Self(patterns.collect()))
    }

    /// Whether it describes this ARN; `None` when a variable has no value in this request.
    pub(super) fn matches(&self, text: &str, context: &dyn Context) -> Option<bool> {
        let mut parts = text.splitn(PARTS, ':');
        let mut unknown = false;
        for pattern in &self.0 {
            // A text of fewer parts is no ARN: only the empty and the free part describe what is not there.
            match pattern.matches(parts.next().unwrap_or_default(), context) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => unknown = true,
            }
        }
        (!unknown).then_some(true)
    }

    /// The condition keys its variables read.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ConditionKey> {
        self.0.iter().flat_map(Pattern::keys)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::context::Facts;
    use super::*;

    fn like(pattern: &str, text: &str) -> bool {
        let compiled = Pattern::compile(pattern, Reading::Wildcards, true).expect("a pattern");
        compiled.matches(text, &facts()).unwrap_or(false)
    }

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.set("aws:username", "ann*");
        facts.set_many("aws:TagKeys", vec!["a".into()]);
        facts
    }

    #[test]
    fn wildcards_cover_any_text_and_any_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*", "a", true),
            ("a*b", "ab", true),
            ("a*b", "aXbXb", true),
            ("a*b", "aXbX", false),
            ("*ab*ab*", "abXab", true),
            ("*ab*ab*", "abX", false),
            ("a??", "abc", true),
            ("a??", "ab", false),
            ("***", "x", true),
            ("a*?b", "ab", false),
            ("a*?b", "aXb", true),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "a*".repeat(2_000) + "b";
        assert!(!like(&pattern, &"a".repeat(8_000)));
    }

    #[test]
    fn variables_are_replaced_by_literal_text() {
        assert!(like("x-${aws:username}-y", "x-ann*-y"));
        assert!(!like("x-${aws:username}", "x-anna"));
        assert!(like("${AWS:UserName}", "ann*"));
        assert!(like("${aws:userid, 'nobody'}!", "nobody!"));
        assert!(like("${*}${?}${$}", "*?$"));
        assert!(!like("${*}", "x"));
    }

    #[test]
    fn a_variable_without_one_value_matches_nothing() {
        for text in ["${aws:userid}", "${aws:TagKeys}"] {
            let pattern = Pattern::compile(text, Reading::Exact, true).expect("a pattern");
            assert_eq!(pattern.matches("a", &facts()), None, "{text}");
        }
    }

    #[test]
    fn the_older_language_has_no_variables() {
        let pattern = Pattern::compile("${aws:username}", Reading::Exact, false).expect("a text");
        assert_eq!(pattern.matches("${aws:username}", &facts()), Some(true));
        assert_eq!(pattern.matches("ann*", &facts()), Some(false));
    }

    #[test]
    fn malformed_variables_are_refused() {
        for text in [
            "${",
            "${}",
            "${aws}",
            "${:x}",
            "${aws:}",
            "${aws:x, y}",
            "${aws:x,'y}",
            "${a${b:c}}",
        ] {
            assert!(
                Pattern::compile(text, Reading::Exact, true).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn arn_parts_are_matched_one_by_one() {
        let finance = "arn:aws:someservice:*:111122223333:finance/*";
        for (pattern, text, expected) in [
            (
                finance,
                "arn:aws:someservice:us-east-2:111122223333:finance/a:b/c",
                true,
            ),
            (
                finance,
                "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
                false,
            ),
            (
                "arn:aws:kms:*",
                "arn:aws:kms:us-east-1:111122223333:key/1",
                true,
            ),
            ("arn:aws:kms", "arn:aws:s3:::bucket", false),
            ("*", "arn:aws:s3:::bucket", true),
            (
                "arn:aws:kms:*:*:key/*",
                "arn:aws:kms:us-east-1:1:alias/a",
                false,
            ),
            (
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::1:user/ann*",
                true,
            ),
            (
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::1:user/anna",
                false,
            ),
        ] {
            let compiled = ArnPattern::compile(pattern, true).expect("an ARN");
            assert_eq!(
                compiled.matches(text, &facts()),
                Some(expected),
                "{pattern} {text}"
            );
        }
    }

    proptest! {
        #[test]
        fn wildcards_agree_with_a_regular_expression(pattern in "[ab*?]{0,10}", text in "[abé]{0,12}") {
            let expression = pattern.replace('?', ".").replace('*', ".*");
            let oracle = regex::Regex::new(&format!("^(?s:{expression})$")).expect("an expression");
            prop_assert_eq!(like(&pattern, &text), oracle.is_match(&text));
        }

        #[test]
        fn no_text_makes_the_compiler_or_the_matcher_panic(pattern in ".*", text in ".*") {
            for reading in [Reading::Exact, Reading::IgnoreCase, Reading::Wildcards, Reading::Action] {
                if let Ok(pattern) = Pattern::compile(&pattern, reading, true) {
                    let _ = pattern.matches(&text, &facts());
                }
            }
            if let Ok(pattern) = ArnPattern::compile(&pattern, true) {
                let _ = pattern.matches(&text, &facts());
            }
        }
    }
}
