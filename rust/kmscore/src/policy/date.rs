//! Dates of policies: ISO 8601, or seconds since 1970.

use crate::iso8601;

/// Seconds since 1970; `None` when the text is no date.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Some(days) = iso8601::days(text) {
        return Some(days * 86_400);
    }
    #[allow(clippy::cast_possible_truncation, reason = "the years 1 to 9999 fit")]
    iso8601::parse(text).map(|seconds| seconds.floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1767225600", Some(1_767_225_600)),
            ("2024-02-29T12:00:00Z", Some(1_709_208_000)),
            ("2024-02-29T12:00:00.25Z", Some(1_709_208_000)),
            ("2024-02-29T12:00:00+02:30", Some(1_709_199_000)),
            ("2023-02-29", None),
            ("2023-13-01", None),
            ("2023-01-01T25:00:00Z", None),
            ("2023-01-01T10:00:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
