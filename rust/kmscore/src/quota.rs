//! Request quotas: how many calls of a class an account may make in a Region each second, by token buckets.
//!
//! Source: AWS KMS developer guide, "Request quotas". The rates come with the configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::error::{Error, ErrorCode, Result};
use crate::key_entry::KeyEntry;
use crate::lock;
use crate::policy::Caller;
use crate::shapes::{self, Operation, tables};
use crate::spec::KeySpec;
use crate::value::Request;

/// Calls that share a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Cryptography with symmetric encryption and HMAC keys, and GenerateRandom.
    Symmetric,
    /// Cryptography with RSA keys.
    Rsa,
    /// Cryptography with keys on elliptic curves, SM2 included.
    EllipticCurve,
    /// Signatures of ML-DSA keys.
    MlDsa,
    /// Encapsulations of ML-KEM keys.
    MlKem,
    /// Data key pairs of a key spec.
    KeyPair(&'static str),
    /// An operation that has a quota of its own.
    Operation(&'static str),
}

/// Calls a second.
#[derive(Debug, Clone)]
pub struct Rate {
    /// In every Region that is not named.
    pub default: f64,
    /// In these Regions.
    pub regions: HashMap<String, f64>,
}

/// Rates, and what each account has left of them. A class without a rate is not limited.
pub struct Quotas {
    rates: HashMap<Class, Rate>,
    /// By account, then Region.
    buckets: Mutex<HashMap<String, OfAccount>>,
}

/// The buckets of an account, by Region.
type OfAccount = HashMap<String, HashMap<Class, Bucket>>;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    /// When it had that many: microseconds since 1970.
    filled: i64,
}

/// What a call takes: of which class, in which Region, how many.
type Demand<'a> = (Class, &'a str, f64);

impl Class {
    /// The class of this name, as `Service Quotas` calls it without its ` request rate`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let within = |before: &str| name.strip_prefix(before)?.strip_suffix(')');
        if let Some(family) = within("Cryptographic operations (") {
            return match family {
                "symmetric" => Some(Self::Symmetric),
                "RSA" => Some(Self::Rsa),
                "ECC and SM2" => Some(Self::EllipticCurve),
                "ML-DSA" => Some(Self::MlDsa),
                "ML-KEM" => Some(Self::MlKem),
                _ => None,
            };
        }
        if let Some(spec) = within("GenerateDataKeyPair (") {
            let mut specs = tables::DATA_KEY_PAIR_SPECS.iter();
            return specs
                .find(|known| **known == spec)
                .copied()
                .map(Self::KeyPair);
        }
        let operation = shapes::operation(name)?;
        (!shares_a_quota(operation)).then_some(Self::Operation(operation.name))
    }

    fn of_key(spec: KeySpec) -> Self {
        let name = spec.name();
        match name {
            _ if name.starts_with("RSA") => Self::Rsa,
            _ if name.starts_with("ECC") || name == "SM2" => Self::EllipticCurve,
            _ if name.starts_with("ML_DSA") => Self::MlDsa,
            _ if name.starts_with("ML_KEM") => Self::MlKem,
            _ => Self::Symmetric,
        }
    }
}

impl Quotas {
    /// Quotas of which nothing is used yet.
    #[must_use]
    pub fn new(rates: HashMap<Class, Rate>) -> Self {
        Self {
            rates,
            buckets: Mutex::default(),
        }
    }

    /// Counts a call against the quotas of its caller's account.
    ///
    /// # Errors
    /// ThrottlingException: there is nothing left; the call takes nothing then.
    pub fn count(
        &self,
        operation: &'static Operation,
        request: &Request,
        caller: &Caller,
        keys: &[Arc<KeyEntry>],
        now: i64,
    ) -> Result<()> {
        let demands = demands(operation, request, &caller.region, keys);
        let mut buckets = lock::lock(&self.buckets);
        let mut taken = vec![];
        for (class, region, count) in demands {
            let Some(rate) = self.rates.get(&class) else {
                continue;
            };
            let rate = rate.regions.get(region).unwrap_or(&rate.default);
            let known = buckets
                .get(&caller.account)
                .and_then(|regions| regions.get(region)?.get(&class));
            let mut bucket = Bucket::refilled(known, *rate, now);
            // Where fewer calls are allowed than this one counts for, it takes what there can be.
            let count = count.min(rate.max(1.0));
            if bucket.tokens < count {
                return Err(Error::new(
                    ErrorCode::Throttling,
                    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
                ));
            }
            bucket.tokens -= count;
            taken.push((class, region, bucket));
        }
        for (class, region, bucket) in taken {
            let regions = entry(&mut buckets, &caller.account);
            entry(regions, region).insert(class, bucket);
        }
        Ok(())
    }
}

impl Bucket {
    /// A bucket as it is now. It holds the calls of one second, and at least one.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a bucket is full after seconds, which microseconds of 53 bits count exactly"
    )]
    fn refilled(known: Option<&Self>, rate: f64, now: i64) -> Self {
        let size = rate.max(1.0);
        let tokens = known.map_or(size, |bucket| {
            let passed = (now - bucket.filled).max(0) as f64 / 1e6;
            passed.mul_add(rate, bucket.tokens).min(size)
        });
        Self {
            tokens,
            filled: now,
        }
    }
}

/// The value of a key, made when it is not there. Without an allocation when it is.
fn entry<'m, T: Default>(map: &'m mut HashMap<String, T>, key: &str) -> &'m mut T {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), T::default());
    }
    map.get_mut(key).expect("it was just inserted")
}

fn demands<'a>(
    operation: &'static Operation,
    request: &'a Request,
    region: &'a str,
    keys: &[Arc<KeyEntry>],
) -> Vec<Demand<'a>> {
    let own = |class| vec![(class, region, 1.0)];
    match operation.name {
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            let spec = request.string("KeyPairSpec").and_then(KeySpec::parse);
            spec.map_or_else(Vec::new, |spec| own(Class::KeyPair(spec.name())))
        }
        "ReplicateKey" => {
            let replica = request.string("ReplicaRegion").unwrap_or(region);
            vec![
                (Class::Operation("ReplicateKey"), region, 1.0),
                (Class::Operation("CreateKey"), replica, 2.0),
            ]
        }
        name @ "UpdatePrimaryRegion" => {
            let primary = request.string("PrimaryRegion").unwrap_or(region);
            vec![
                (Class::Operation(name), region, 1.0),
                (Class::Operation(name), primary, 1.0),
            ]
        }
        _ if shares_a_quota(operation) => {
            let mut classes: Vec<_> = keys
                .iter()
                .map(|key| Class::of_key(key.row().spec))
                .collect();
            classes.dedup();
            if classes.is_empty() {
                return own(Class::Symmetric);
            }
            let counted = |class| (class, region, 1.0);
            classes.into_iter().map(counted).collect()
        }
        name => own(Class::Operation(name)),
    }
}

/// Whether an operation uses key material, and so shares the quota of its key's kind.
fn shares_a_quota(operation: &Operation) -> bool {
    match operation.name {
        "GenerateRandom" => true,
        "GetPublicKey" => false,
        _ => operation.usage.is_some(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot run must fail")]

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn quotas(rates: &[(&str, f64)]) -> Quotas {
        let rate = |(name, default): &(&str, f64)| {
            let regions = HashMap::from([("eu-west-1".to_owned(), default * 2.0)]);
            let rate = Rate {
                default: *default,
                regions,
            };
            (Class::parse(name).unwrap(), rate)
        };
        Quotas::new(rates.iter().map(rate).collect())
    }

    fn caller(account: &str, region: &str) -> Caller {
        let arn = format!("arn:aws:iam::{account}:root");
        Caller::new(account.into(), arn, region.into())
    }

    fn counted(quotas: &Quotas, name: &str, caller: &Caller, now: i64) -> bool {
        let operation = shapes::operation(name).unwrap();
        let request = Request::default();
        match quotas.count(operation, &request, caller, &[], now) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Throttling);
                false
            }
        }
    }

    #[test]
    fn a_bucket_holds_one_second_and_fills_again() {
        let quotas = quotas(&[("CreateKey", 5.0)]);
        let caller = caller("1", "us-east-1");
        let taken = |now| {
            (0..9)
                .filter(|_| counted(&quotas, "CreateKey", &caller, now))
                .count()
        };
        assert_eq!(taken(0), 5);
        assert_eq!(taken(SECOND / 5), 1);
        assert_eq!(taken(100 * SECOND), 5);
        // A clock set back gives nothing.
        assert_eq!(taken(50 * SECOND), 0);
    }

    #[test]
    fn less_than_one_call_a_second_is_one_after_a_while() {
        let quotas = quotas(&[("CreateKey", 0.25)]);
        let caller = caller("1", "us-east-1");
        let times = [0, 1, 3, 4, 5, 8];
        let passed = times.map(|time| counted(&quotas, "CreateKey", &caller, time * SECOND));
        assert_eq!(passed, [true, false, false, true, false, true]);
    }

    #[test]
    fn accounts_regions_and_classes_have_buckets_of_their_own() {
        let quotas = quotas(&[("CreateKey", 1.0), ("ListKeys", 1.0)]);
        let here = caller("1", "us-east-1");
        assert!(counted(&quotas, "CreateKey", &here, 0));
        assert!(!counted(&quotas, "CreateKey", &here, 0));
        assert!(counted(&quotas, "ListKeys", &here, 0));
        assert!(counted(&quotas, "CreateKey", &caller("2", "us-east-1"), 0));
        let elsewhere = caller("1", "eu-west-1");
        let taken = (0..9)
            .filter(|_| counted(&quotas, "CreateKey", &elsewhere, 0))
            .count();
        assert_eq!(taken, 2);
        // Not limited at all.
        assert!((0..99).all(|_| counted(&quotas, "EnableKey", &here, 0)));
    }

    #[test]
    fn a_replica_counts_as_two_new_keys_in_its_region_or_as_nothing() {
        let quotas = quotas(&[("ReplicateKey", 9.0), ("CreateKey", 3.0)]);
        let here = caller("1", "us-east-1");
        assert!(counted(&quotas, "ReplicateKey", &here, 0));
        assert!(!counted(&quotas, "ReplicateKey", &here, 0));
        assert!(counted(&quotas, "CreateKey", &here, 0));
        assert!(!counted(&quotas, "CreateKey", &here, 0));
    }

    #[test]
    fn every_operation_has_a_class() {
        for operation in tables::OPERATIONS {
            let shared = Class::parse(operation.name).is_none();
            assert_eq!(shared, shares_a_quota(operation), "{}", operation.name);
        }
        for unknown in ["", "Encrypt", "GenerateDataKeyPair (HMAC_256)", "createkey"] {
            assert_eq!(Class::parse(unknown), None, "{unknown}");
        }
    }
}
