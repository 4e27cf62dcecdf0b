//! Authorisation: the IAM policy language, compiled once, and the decisions made with it.
//!
//! Knows neither the store nor the pipeline: a [`Question`] holds all that a [`Decision`] depends on.

mod cache;
mod condition;
mod context;
mod document;
mod evaluate;
mod explain;
mod fault;
mod json;
mod operand;
mod pattern;
mod principal;
mod root_only;
pub mod vocabulary;

pub use cache::DecisionCache;
pub use context::{ConditionKey, Context, Facts, Values};
pub use document::{Document, Effect, KEY_POLICY_LENGTH, Kind};
pub use evaluate::{
    By, Decision, Grant, Level, NamedPolicy, Place, Policies, PolicyType, Question, Why, decide,
};
pub use fault::{Fault, Rule};
pub use principal::{Named, Principal, PrincipalKind};
pub use root_only::{Caller, KeyPolicy, authorise_account, authorise_key, default_key_policy};
