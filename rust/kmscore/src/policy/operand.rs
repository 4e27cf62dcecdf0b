//! Values that are more than text: numbers, points in time, networks.

use core::cmp::Ordering;
use core::net::IpAddr;

use crate::iso8601::{self, digits, micros};

/// A decimal number of any length, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without leading zeros.
    whole: Box<str>,
    /// Without trailing zeros.
    fraction: Box<str>,
}

impl Decimal {
    /// `-12.50`; no exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (unsigned, ""),
        };
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        Some(Self {
            negative: text.starts_with('-') && !(whole.is_empty() && fraction.is_empty()),
            whole: whole.into(),
            fraction: fraction.into(),
        })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let size = |one: &Self, two: &Self| {
            (one.whole.len(), &*one.whole, &*one.fraction).cmp(&(
                two.whole.len(),
                &*two.whole,
                &*two.fraction,
            ))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

/// Microseconds since 1970 of a W3C form of ISO 8601, or of epoch seconds.
pub(super) fn instant(text: &str) -> Option<i64> {
    const MICROS: i64 = 1_000_000;
    // Four digits are a year, and so is the first part of a date.
    let dated =
        (text.len() == 4 && digits(text)) || text.get(1..).is_some_and(|tail| tail.contains('-'));
    if !dated {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole: i64 = seconds.parse().ok()?;
        let part = micros(fraction)?;
        let part = if text.starts_with('-') { -part } else { part };
        return whole.checked_mul(MICROS)?.checked_add(part);
    }
    iso8601::read(text)
}

/// An address or a range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    base: IpAddr,
    prefix: u32,
}

impl Network {
    /// `203.0.113.0/24`, `2001:db8::/32`, or a single address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if digits(prefix) => (address, Some(prefix.parse().ok()?)),
            Some(_) => return None,
            None => (text, None),
        };
        let base: IpAddr = address.parse().ok()?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        (prefix <= width).then_some(Self { base, prefix })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differing = base.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differing = base.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_compared_exactly() {
        let order = |one: &str, two: &str| {
            Decimal::parse(one)
                .expect(one)
                .compare(&Decimal::parse(two).expect(two))
        };
        for (one, two, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("-9", "-10", Ordering::Greater),
            ("1.05", "1.5", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("-1", "1", Ordering::Less),
            ("007", "7.10", Ordering::Less),
        ] {
            assert_eq!(order(one, two), expected, "{one} {two}");
        }
        for text in ["", "-", ".5", "5.", "1e3", "0x1", "1 ", "١"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_read_in_every_documented_form() {
        for (text, seconds) in [
            ("1970", 0),
            ("1970-01", 0),
            ("1970-01-02", 86_400),
            ("2020-01-01T00:00:01Z", 1_577_836_801),
            ("2020-01-01T00:00Z", 1_577_836_800),
            ("2020-01-01T01:00:00+01:00", 1_577_836_800),
            ("2019-12-31T19:00:00-05:00", 1_577_836_800),
            ("2000-02-29", 951_782_400),
            ("1969-12-31", -86_400),
            ("1577836800", 1_577_836_800),
            ("0", 0),
            ("-5", -5),
        ] {
            assert_eq!(instant(text), Some(seconds * 1_000_000), "{text}");
        }
        assert_eq!(instant("1.5"), Some(1_500_000));
        assert_eq!(instant("-1.5"), Some(-1_500_000));
        assert_eq!(
            instant("2020-01-01T00:00:00.25Z"),
            Some(1_577_836_800_250_000)
        );
        for text in [
            "",
            "x",
            "2020-13",
            "2020-02-30",
            "2019-02-29",
            "2020-01-01T00:00:00",
            "2020-01T00:00Z",
            "1900-02-29",
            "2020-1-1",
            "2020-01-01T24:00Z",
            "2020-01-01 00:00Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00Z01:00",
            "99999999999999999999",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn networks_contain_their_addresses_only() {
        let inside = |network: &str, address: &str| {
            Network::parse(network)
                .expect(network)
                .contains(address.parse().expect(address))
        };
        for (network, address, expected) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.77/24", "203.0.113.1", true),
            ("203.0.113.5", "203.0.113.5", true),
            ("203.0.113.5", "203.0.113.4", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8:1234:5678::/64", "2001:db8:1234:5678:1::1", true),
            ("2001:db8:1234:5678::/64", "2001:db8:1234:5679::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(inside(network, address), expected, "{network} {address}");
        }
        for text in [
            "",
            "203.0.113",
            "203.0.113.0/33",
            "::/129",
            "203.0.113.0/",
            "203.0.113.0/+1",
            "*",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in ".*") {
            let _ = (Decimal::parse(&text), instant(&text), Network::parse(&text));
        }
    }
}
