//! Timestamps of requests: seconds since 1970 as a number, or ISO 8601 text as some clients send it.

use core::fmt;

use serde::de;

use super::decode::Fault;
use crate::iso8601;

/// 0001-01-01 to the end of 9999-12-31, what every client library can hold.
const RANGE: core::ops::Range<f64> = -62_135_596_800.0..253_402_300_800.0;

const FAULT: Fault = "the timestamp is neither a number of seconds since 1970 nor ISO 8601 text";

/// Reads a timestamp of either form.
pub(super) struct Timestamp;

impl de::Visitor<'_> for Timestamp {
    type Value = Result<f64, Fault>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(in_range(seconds as f64))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(in_range(seconds as f64))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Self::Value, E> {
        Ok(in_range(seconds))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(parse(text).ok_or(FAULT).and_then(in_range))
    }
}

/// A date and a time to the second at least. KMS knows no leap seconds.
fn parse(text: &str) -> Option<f64> {
    let second: u8 = text.get(16..19)?.strip_prefix(':')?.parse().ok()?;
    let microseconds = iso8601::read(text).filter(|_| second < 60)?;
    Some(microseconds as f64 / 1e6)
}

fn in_range(seconds: f64) -> Result<f64, Fault> {
    if RANGE.contains(&seconds) {
        Ok(seconds)
    } else {
        Err("the timestamp is outside the years 1 to 9999")
    }
}
