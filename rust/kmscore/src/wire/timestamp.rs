//! Timestamps of requests: seconds since 1970 as a number, or ISO 8601 text as some clients send it.

use core::fmt;

use serde::de;

use super::decode::Fault;

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

fn in_range(seconds: f64) -> Result<f64, Fault> {
    if RANGE.contains(&seconds) {
        Ok(seconds)
    } else {
        Err("the timestamp is outside the years 1 to 9999")
    }
}

/// `2026-01-31T12:00:00Z`, with a fraction of the second or an offset such as `+02:00`.
fn parse(text: &str) -> Option<f64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| {
        rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    let (fraction, offset) = if rest.starts_with('.') {
        rest.split_at(digits + 1)
    } else {
        ("", rest)
    };
    let fraction: f64 = match fraction {
        "" => 0.0,
        "." => return None,
        fraction => fraction.parse().ok()?,
    };
    let whole = days(date)? * 86_400 + clock(time)? - offset_seconds(offset)?;
    Some(whole as f64 + fraction)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        28 + i64::from(leap),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    if year == 0 || !(1..=*lengths.get(month)?).contains(&day) {
        return None;
    }
    let before = year - 1;
    let to_year = before * 365 + before / 4 - before / 100 + before / 400;
    Some(to_year + lengths[..month].iter().sum::<i64>() + day - 1 - 719_162)
}

fn clock(time: &str) -> Option<i64> {
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

fn offset_seconds(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let (sign, rest) = offset.split_at_checked(1)?;
    let [hour, minute] = fields(rest, ':', [2, 2])?;
    let seconds = (hour < 24 && minute < 60).then_some(hour * 3600 + minute * 60)?;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

/// Numbers of exactly these many digits each.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts
            .next()
            .filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}
