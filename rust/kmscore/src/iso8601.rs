//! ISO 8601 times of UTC, or with an offset from it.

/// `2026-01-31T12:00:00Z` of microseconds since 1970.
pub(crate) fn write(microseconds: i64) -> String {
    let seconds = microseconds.div_euclid(1_000_000);
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

/// `2026-01-31T12:00:00Z`, with a fraction of the second or an offset such as `+02:00`.
pub(crate) fn parse(text: &str) -> Option<f64> {
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
pub(crate) fn days(date: &str) -> Option<i64> {
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

#[cfg(test)]
mod tests {
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
            let text = write(seconds * 1_000_000);
            assert_eq!(parse(&text), Some(seconds as f64), "{text}");
        }
        assert_eq!(write(1_709_208_000_999_999), "2024-02-29T12:00:00Z");
    }
}
