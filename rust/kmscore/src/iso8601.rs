//! ISO 8601 times of UTC, or with an offset from it.

const MICROSECONDS: i64 = 1_000_000;

/// `2026-01-31T12:00:00Z` of microseconds since 1970.
pub(crate) fn write(microseconds: i64) -> String {
    let seconds = microseconds.div_euclid(MICROSECONDS);
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date of days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Microseconds since 1970 of a date, or of a date and time with an offset: the forms of the W3C's profile.
pub(crate) fn read(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let whole_day = date.len() == 10;
    let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 2))?;
    if parts.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
    {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * 86_400;
    match time {
        None => Some(midnight * MICROSECONDS),
        Some(time) if whole_day => Some(midnight * MICROSECONDS + time_of_day(time)?),
        Some(_) => None,
    }
}

/// `hh:mm[:ss[.s…]]` with `Z`, `+hh:mm` or `-hh:mm`, in microseconds.
fn time_of_day(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at(zone_at);
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        None => ("00", ""),
        Some(part) => match part.split_once('.') {
            Some((_, "")) => return None,
            Some(both) => both,
            None => (part, ""),
        },
    };
    let second = number(second, 2)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = if zone == "Z" { 0 } else { zone_offset(zone)? };
    Some((hour * 3600 + minute * 60 + second - offset) * MICROSECONDS + micros(fraction)?)
}

/// `+hh:mm` or `-hh:mm`, in seconds.
fn zone_offset(text: &str) -> Option<i64> {
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let ahead = (hours * 60 + minutes) * 60;
    let signed = if text.starts_with('-') { -ahead } else { ahead };
    (hours <= 23 && minutes <= 59).then_some(signed)
}

/// The digits after the point, as microseconds.
pub(crate) fn micros(fraction: &str) -> Option<i64> {
    if !digits(fraction) {
        return None;
    }
    let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
    six.parse().ok()
}

pub(crate) fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str, width: usize) -> Option<i64> {
    (text.len() == width && digits(text)).then(|| text.parse().ok())?
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for seconds in [
            0,
            951_782_400,
            1_709_208_000,
            1_767_225_599,
            253_402_300_799,
            -1,
            -86_401,
        ] {
            let text = write(seconds * MICROSECONDS);
            assert_eq!(read(&text), Some(seconds * MICROSECONDS), "{text}");
        }
        assert_eq!(write(1_709_208_000_999_999), "2024-02-29T12:00:00Z");
    }

    proptest! {
        #[test]
        fn dates_count_up_day_by_day(day in -200_000i64..200_000) {
            // The calendar read backwards: find the date of a day by walking, and read it again.
            let year = 1970 + day.div_euclid(366).min(day.div_euclid(365));
            let mut date = (year, 1, 1);
            while days_since_1970(date.0, date.1, date.2) < day {
                date = match date {
                    (y, 12, 31) => (y + 1, 1, 1),
                    (y, m, d) if d == days_in(y, m) => (y, m + 1, 1),
                    (y, m, d) => (y, m, d + 1),
                };
            }
            prop_assert_eq!(days_since_1970(date.0, date.1, date.2), day);
        }
    }
}
