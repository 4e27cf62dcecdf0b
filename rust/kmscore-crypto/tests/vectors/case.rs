//! One case of a vector file, and what became of all of them.

use std::collections::BTreeMap;

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

    /// Runs a case, and its twin if it is to be accepted.
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
                    self.twin(number, label, fields, judge, harmless);
                }
            }
        }
    }

    /// Flips a bit that the number of the case chooses: no way may take it then.
    fn twin(
        &mut self,
        number: usize,
        label: &str,
        mut fields: Fields,
        judge: &Judge,
        harmless: Harmless,
    ) {
        self.twins += 1;
        let (field, bit) = chosen(number, &fields, harmless);
        fields[field][bit / 8] ^= 1 << (bit % 8);
        let verdicts = judge(&fields);
        if verdicts.contains(&Verdict::Taken) {
            self.faults.push(format!(
                "{number} {label}: with bit {bit} of field {field} flipped it is {verdicts:?}"
            ));
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
        println!(
            "{}: {} run, {not_offered} not offered, {} twins",
            self.name, self.run, self.twins
        );
        for (reason, cases) in &self.not_offered {
            println!("    {cases} not offered: {reason}");
        }
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

/// The fields take turns, and so do their bits.
fn chosen(number: usize, fields: &Fields, harmless: Harmless) -> (usize, usize) {
    let turned = |turn: usize, count: usize| (0..count).map(move |at| (at + turn) % count);
    turned(number, fields.len())
        .flat_map(|field| {
            turned(number * 7919, 8 * fields[field].len()).map(move |bit| (field, bit))
        })
        .find(|(field, bit)| !harmless(fields, *field, *bit))
        .unwrap()
}
