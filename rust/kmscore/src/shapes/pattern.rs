//! The service model's regular expressions, matched by hand: each matches whole values, and `\w`, `\d`, `\s` are ASCII.
//!
//! The tests hold every matcher to a regular expression engine.

/// Whether a whole text matches one of the service model's patterns. A pattern that is not known matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    MATCHERS
        .iter()
        .find(|(known, _)| *known == pattern)
        .is_some_and(|(_, matcher)| matcher(text))
}

type Matcher = fn(&str) -> bool;

const MATCHERS: &[(&str, Matcher)] = &[
    ("[0-9]{12}", is_account_id),
    ("^[a-zA-Z0-9:/_-]+$", |text| {
        filled(text, |c| is_alphanumeric(c) || ":/_-".contains(c))
    }),
    ("^[a-f0-9]+$", |text| {
        filled(text, |c| matches!(c, 'a'..='f' | '0'..='9'))
    }),
    ("cluster-[2-7a-zA-Z]{11,16}", is_cluster_id),
    (
        "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
        is_arn,
    ),
    (r"^[a-zA-Z0-9:/_\s.-]+$", |text| {
        filled(text, |c| {
            is_alphanumeric(c) || is_space(c) || ":/_.-".contains(c)
        })
    }),
    (r"[\u0020-\u00FF]*", |text| text.chars().all(is_latin_1)),
    (r"[\w]+", |text| filled(text, is_word)),
    (r"[\u0009\u000A\u000D\u0020-\u00FF]+", |text| {
        filled(text, |c| is_latin_1(c) || "\t\n\r".contains(c))
    }),
    (r"^[\w+=,.@:/-]+$", |text| {
        filled(text, |c| is_word(c) || "+=,.@:/-".contains(c))
    }),
    (r"^([a-z]+-){2,3}\d+$", is_region),
    (
        r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$",
        is_service_principal,
    ),
    ("^[a-zA-Z0-9-_.]+$", |text| {
        filled(text, |c| is_alphanumeric(c) || "-_.".contains(c))
    }),
    ("^[A-Z2-7]+$", |text| {
        filled(text, |c| matches!(c, 'A'..='Z' | '2'..='7'))
    }),
    (r"^[a-zA-Z0-9\/+=]+$", |text| {
        filled(text, |c| is_alphanumeric(c) || "/+=".contains(c))
    }),
    ("^https://[a-zA-Z0-9.-]+$", is_https_host),
    (
        r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$",
        is_xks_path,
    ),
    (
        r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
        is_endpoint_service,
    ),
];

fn filled(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

const fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r')
}

const fn is_latin_1(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{FF}')
}

fn is_digits(text: &str) -> bool {
    filled(text, |c| c.is_ascii_digit())
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

fn is_cluster_id(text: &str) -> bool {
    text.strip_prefix("cluster-").is_some_and(|id| {
        (11..=16).contains(&id.len())
            && id
                .chars()
                .all(|c| matches!(c, '2'..='7') || c.is_ascii_alphabetic())
    })
}

fn is_arn(text: &str) -> bool {
    let lower = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    next() == "arn"
        && next()
            .strip_prefix("aws")
            .is_some_and(|partition| partition.chars().all(lower))
        && filled(next(), lower)
        && next().chars().all(lower)
        && is_account_id(next())
        && filled(next(), |c| {
            !matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
        })
}

fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let word = |word: &str| filled(word, |c| c.is_ascii_lowercase());
    is_digits(number) && (2..=3).contains(&words.split('-').count()) && words.split('-').all(word)
}

fn is_service_principal(text: &str) -> bool {
    text.split('.').count() >= 3
        && text
            .split('.')
            .all(|label| filled(label, |c| is_alphanumeric(c) || c == '-'))
}

fn is_https_host(text: &str) -> bool {
    text.strip_prefix("https://")
        .is_some_and(|host| filled(host, |c| is_alphanumeric(c) || ".-".contains(c)))
}

fn is_xks_path(text: &str) -> bool {
    let Some((prefix, version)) = text.rsplit_once("/kms/xks/v") else {
        return false;
    };
    let prefix_allowed = prefix.is_empty()
        || prefix
            .strip_prefix('/')
            .is_some_and(|rest| filled(rest, |c| is_alphanumeric(c) || "/_-".contains(c)));
    version.len() <= 2 && is_digits(version) && prefix_allowed
}

fn is_endpoint_service(text: &str) -> bool {
    let mut parts = text.split('.');
    let mut next = || parts.next().unwrap_or_default();
    matches!(next(), "com" | "eu")
        && next() == "amazonaws"
        && next() == "vpce"
        && is_region(next())
        && next()
            .strip_prefix("vpce-svc-")
            .is_some_and(|id| filled(id, |c| matches!(c, '0'..='9' | 'a'..='z')))
        && parts.next().is_none()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::string::string_regex;
    use regex::Regex;

    use super::*;

    /// A pattern of the service model in the syntax of the `regex` crate, without anchors.
    pub(in crate::shapes) fn translated(pattern: &str) -> String {
        let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
        let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
        pattern
            .replace("$|^", "|")
            .replace(":.+", r":[^\n\r\x{85}\x{2028}\x{2029}]+")
            .replace(r"\d", "[0-9]")
            .replace(r"\w", "A-Za-z0-9_")
            .replace(r"\s", r" \t\n\x0B\f\r")
    }

    fn oracle(pattern: &str) -> Regex {
        Regex::new(&format!(r"\A(?:{})\z", translated(pattern))).unwrap()
    }

    /// A pattern, and a text that it matches or, after one character is put in, taken out or replaced, perhaps not.
    fn near_match() -> impl Strategy<Value = (&'static str, String)> {
        let patterns: Vec<&'static str> = MATCHERS.iter().map(|(pattern, _)| *pattern).collect();
        select(patterns)
            .prop_flat_map(|pattern| (Just(pattern), string_regex(&translated(pattern)).unwrap()))
            .prop_flat_map(|(pattern, text)| {
                (
                    Just(pattern),
                    Just(text),
                    any::<prop::sample::Index>(),
                    0..4_usize,
                    any_character(),
                )
            })
            .prop_map(|(pattern, text, place, edit, character)| {
                (pattern, edited(&text, place, edit, character))
            })
    }

    fn any_character() -> impl Strategy<Value = char> {
        prop_oneof![proptest::char::range('\0', '\u{120}'), any::<char>()]
    }

    fn edited(text: &str, place: prop::sample::Index, edit: usize, character: char) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len() + 1);
        match edit {
            0 => {}
            1 => characters.insert(place, character),
            2 if place < characters.len() => characters[place] = character,
            _ if place < characters.len() => drop(characters.remove(place)),
            _ => {}
        }
        characters.into_iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn every_matcher_agrees_with_the_regular_expression((pattern, text) in near_match()) {
            prop_assert_eq!(matches(pattern, &text), oracle(pattern).is_match(&text), "{} on {:?}", pattern, text);
        }
    }

    #[test]
    fn every_matcher_decides_on_every_single_character_as_the_regular_expression() {
        for (pattern, matcher) in MATCHERS {
            let oracle = oracle(pattern);
            for character in ('\0'..='\u{2100}').map(String::from) {
                assert_eq!(
                    matcher(&character),
                    oracle.is_match(&character),
                    "{pattern} on {character:?}"
                );
            }
            assert_eq!(matcher(""), oracle.is_match(""), "{pattern} on nothing");
        }
    }

    #[test]
    fn unknown_pattern_matches_nothing() {
        assert!(!matches(".*", "anything"));
    }
}
