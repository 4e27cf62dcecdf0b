//! One case of a vector file, and what became of all of them.

use std::collections::BTreeMap;
use std::io::Write;

use kmscore_crypto::Unspecified;

/// The inputs of a case, and what is expected to come out.
pub(crate) type Fields = Vec<Vec<u8>>;

/// What one way of doing a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was accepted, or gave what the vector expects.
    Taken,
    /// It was refused, or a sum that was computed anew is not the one in the vector.
    Refused,
    /// It gave something, but not what the vector expects. Neither a valid nor an invalid vector may do so.
    Other,
}

/// Of a check that says yes or no.
pub(crate) fn checked<T>(result: &Result<T, Unspecified>) -> Verdict {
    equal(&result.is_ok(), &true)
}

/// Of an operation that either fails or gives what is expected.
pub(crate) fn gave(result: Result<impl AsRef<[u8]>, Unspecified>, expected: &[u8]) -> Verdict {
    match result {
        Ok(bytes) if bytes.as_ref() == expected => Verdict::Taken,
        Ok(_) => Verdict::Other,
        Err(Unspecified) => Verdict::Refused,
    }
}

/// Of an operation that gives some result for any input: a tag, a signature.
pub(crate) fn equal<T: PartialEq + ?Sized>(result: &T, expected: &T) -> Verdict {
    if result == expected {
        Verdict::Taken
    } else {
        Verdict::Refused
    }
}

/// What is to be done with a case.
pub(crate) enum Case {
    /// It is run.
    Run(Fields),
    /// It cannot be expressed, for this reason.
    NotOffered(&'static str),
    /// It is of a variant that is not offered, for this reason: even if it is valid it must be refused.
    MustRefuse(&'static str, Fields),
}

/// What became of the cases of a file.
pub(crate) struct Tally {
    name: String,
    run: usize,
    not_offered: BTreeMap<&'static str, usize>,
    twins: usize,
    faults: Vec<String>,
}

/// How the cases of a group are judged: every way of doing the same, each with its verdict.
pub(crate) type Judge = Box<dyn Fn(&Fields) -> Vec<Verdict>>;

/// Whether a flip of this bit of this field changes nothing that its algorithm reads.
pub(crate) type Harmless = fn(&Fields, usize, usize) -> bool;

/// Every bit matters.
pub(crate) const NONE: Harmless = |_, _, _| false;

impl Tally {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            run: 0,
            not_offered: BTreeMap::new(),
            twins: 0,
            faults: vec![],
        }
    }

    /// Counts cases that are not offered.
    pub(crate) fn not_offered(&mut self, reason: &'static str, cases: usize) {
        *self.not_offered.entry(reason).or_default() += cases;
    }

    /// Runs a case, and its twins if it is to be accepted.
    pub(crate) fn case(
        &mut self,
        number: usize,
        label: &str,
        is_valid: bool,
        case: Case,
        judge: &Judge,
        harmless: Harmless,
    ) {
        match case {
            Case::NotOffered(reason) => self.not_offered(reason, 1),
            Case::MustRefuse(reason, fields) => {
                if is_valid {
                    self.expect(number, label, Verdict::Refused, &judge(&fields));
                }
                self.not_offered(reason, 1);
            }
            Case::Run(fields) => {
                self.run += 1;
                let expected = if is_valid {
                    Verdict::Taken
                } else {
                    Verdict::Refused
                };
                self.expect(number, label, expected, &judge(&fields));
                if is_valid {
                    self.twins(number, label, &fields, judge, harmless);
                }
            }
        }
    }

    /// Flips a bit of each field that the number of the case chooses: no way may take it then.
    fn twins(
        &mut self,
        number: usize,
        label: &str,
        fields: &Fields,
        judge: &Judge,
        harmless: Harmless,
    ) {
        let chosen = chosen(number, fields, harmless);
        assert!(!chosen.is_empty(), "{number} {label}: no bit matters");
        for (field, bit) in chosen {
            self.twins += 1;
            let mut twin = fields.clone();
            twin[field][bit / 8] ^= 1 << (bit % 8);
            let verdicts = judge(&twin);
            if verdicts.is_empty() || verdicts.contains(&Verdict::Taken) {
                self.faults.push(format!(
                    "{number} {label}: with bit {bit} of field {field} flipped it is {verdicts:?}"
                ));
            }
        }
    }

    fn expect(&mut self, number: usize, label: &str, expected: Verdict, verdicts: &[Verdict]) {
        if verdicts.is_empty() || verdicts.iter().any(|verdict| *verdict != expected) {
            self.faults.push(format!(
                "{number} {label}: {verdicts:?}, not all {expected:?}"
            ));
        }
    }

    /// Prints the counts, and fails unless every case had its verdict and there were as many as the file says.
    pub(crate) fn finish(self, number_of_tests: usize) {
        let not_offered: usize = self.not_offered.values().sum();
        let mut counts = format!(
            "{}: {} run, {not_offered} not offered, {} twins",
            self.name, self.run, self.twins
        );
        for (reason, cases) in &self.not_offered {
            counts += &format!("\n    {cases} not offered: {reason}");
        }
        say(&counts);
        assert!(
            self.faults.is_empty(),
            "{}: {} faults:\n{}",
            self.name,
            self.faults.len(),
            self.faults.join("\n")
        );
        assert_eq!(self.run + not_offered, number_of_tests, "{}", self.name);
    }
}

/// Says it in every run: what `println!` prints, libtest keeps to itself unless the test fails.
pub(crate) fn say(text: &str) {
    writeln!(std::io::stdout().lock(), "{text}").unwrap();
}

/// A bit of every field in which one matters. The bits take turns.
fn chosen(number: usize, fields: &Fields, harmless: Harmless) -> Vec<(usize, usize)> {
    let of_field = |(field, bytes): (usize, &Vec<u8>)| {
        let bits = 8 * bytes.len();
        let mut turned = (0..bits).map(|at| (at + number * 7919) % bits);
        let bit = turned.find(|bit| !harmless(fields, field, *bit))?;
        Some((field, bit))
    };
    fields.iter().enumerate().filter_map(of_field).collect()
}

#[test]
fn what_is_not_as_expected_is_a_fault() {
    use Verdict::{Other, Refused, Taken};

    let faults = |is_valid: bool, of_case: &'static [Verdict], of_twin: &'static [Verdict]| {
        let judge: Judge = Box::new(move |fields| {
            let is_twin = fields.concat() != [0; 3];
            if is_twin { of_twin } else { of_case }.to_vec()
        });
        let mut tally = Tally::new("");
        let case = Case::Run(vec![vec![0], vec![], vec![0, 0]]);
        tally.case(1, "", is_valid, case, &judge, NONE);
        tally.faults.len()
    };
    assert_eq!(faults(true, &[Taken, Taken], &[Refused, Other]), 0);
    assert_eq!(faults(false, &[Refused, Refused], &[]), 0);
    // The verdict is turned.
    assert_eq!(faults(false, &[Taken], &[]), 1);
    assert_eq!(faults(true, &[Refused], &[Refused]), 1);
    // The ways disagree, or there is none.
    assert_eq!(faults(true, &[Taken, Other], &[Refused]), 1);
    assert_eq!(faults(false, &[Refused, Other], &[]), 1);
    assert_eq!(faults(true, &[], &[Refused]), 1);
    // One way takes the twins, of which each field has one, or none judges them.
    assert_eq!(faults(true, &[Taken], &[Refused, Taken]), 2);
    assert_eq!(faults(true, &[Taken], &[]), 2);
}
