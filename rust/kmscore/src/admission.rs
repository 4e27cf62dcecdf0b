//! Whether the caller may do this to these keys now: authorisation first, then key state and usage.

use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::identity::{GrantRow, Identity};
use crate::key_table::KeyEntry;
use crate::policy::{
    Caller, Context, Decision, Document, Ground, Named, Policies, Principal, Question, Reason,
    decide,
};
use crate::request_context::RequestContext;
use crate::resolve::{Targets, unknown_ciphertext_key};
use crate::shapes::{Operation, Resource};
use crate::state_rule;
use crate::value::Request;

/// One caller's wish to run one operation.
pub(crate) struct Admission<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) operation: &'static Operation,
    pub(crate) request: &'a Request,
    pub(crate) caller: &'a Caller,
    /// Microseconds since 1970.
    pub(crate) now: i64,
}

/// What holds for the whole call, whatever it acts on.
struct Standing {
    identity: Arc<Identity>,
    principal: Arc<Principal>,
}

impl Admission<'_> {
    /// Admits the call to everything it acts on, or says why not. Notes by which grant, if it was by one.
    pub(crate) fn check(&self, targets: &mut Targets) -> Result<()> {
        self.check_grant_tokens()?;
        targets.granted = self.authorise(targets)?;
        // UpdateAlias may leave a key in any state; only the new target's counts.
        let first = usize::from(self.operation.resource == Resource::MovedAlias);
        let mut keys = targets.keys.iter().skip(first);
        keys.try_for_each(|key| state_rule::check(self.operation, key))
    }

    /// Admits one key that a row of a batch names.
    pub(crate) fn check_row_key(&self, key: &KeyEntry) -> Result<()> {
        let standing = self.standing()?;
        self.authorise_key(&standing, 0, key, false)
            .map_err(|error| self.hide(key, error))?;
        state_rule::check(self.operation, key)
    }

    /// Authorises something else than the operation's own action, by the caller's own policies alone.
    pub(crate) fn require(&self, action: &str, resource: &str) -> Result<()> {
        self.authorise_account(&self.standing()?, action, resource)
    }

    /// Whether a key policy, were it the key's, would let the caller replace it again.
    pub(crate) fn could_put_policy(&self, document: &Document, key_arn: &str) -> Result<bool> {
        let standing = self.standing()?;
        let context = self.context(&standing, None, 0, false);
        let mut policies = self.policies(&standing, Some(document));
        policies.vpc_endpoint = None;
        let decision = decide(&Question {
            action: "kms:PutKeyPolicy",
            resource: key_arn,
            owner: Some(&self.caller.account),
            principal: &standing.principal,
            context: &context,
            policies: &policies,
            granted: None,
        });
        Ok(decision.is_allowed())
    }

    fn authorise(&self, targets: &Targets) -> Result<Option<String>> {
        let standing = self.standing()?;
        let action = self.operation.actions[0];
        for alias in &targets.aliases {
            self.authorise_account(&standing, action, alias)?;
        }
        match self.operation.resource {
            Resource::KeyFilter | Resource::None | Resource::CustomKeyStore => {
                return self
                    .authorise_account(&standing, action, "*")
                    .map(|()| None);
            }
            // Who may retire a grant is said by the grant, not by policies.
            Resource::Grant => return Ok(None),
            _ => {}
        }
        let same_key = targets
            .keys
            .first()
            .zip(targets.keys.get(1))
            .is_some_and(|(one, other)| one.arn() == other.arn());
        let hidden = matches!(
            self.operation.resource,
            Resource::Ciphertext | Resource::ReEncrypt
        );
        let mut granted = None;
        for (index, key) in targets.keys.iter().enumerate() {
            let by = self.authorise_key(&standing, index, key, same_key);
            granted = granted.or(match by {
                Err(error) if hidden && index == 0 => return Err(self.hide(key, error)),
                by => by?,
            });
        }
        Ok(granted)
    }

    fn standing(&self) -> Result<Standing> {
        let Engine { table, store, .. } = self.engine;
        let principal = &self.caller.principal;
        let identity = table.identity(&principal.stored_as, &**store)?;
        Ok(Standing {
            principal: identity.principal(principal),
            identity,
        })
    }

    fn context<'a>(
        &'a self,
        standing: &'a Standing,
        key: Option<&'a KeyEntry>,
        side: usize,
        same_key: bool,
    ) -> RequestContext<'a> {
        RequestContext {
            operation: self.operation,
            request: self.request,
            caller: self.caller,
            identity: &standing.identity,
            key,
            side,
            same_key,
            now: self.now,
        }
    }

    fn policies<'a>(&'a self, standing: &'a Standing, key: Option<&'a Document>) -> Policies<'a> {
        let mut policies = Policies {
            key,
            ..Policies::default()
        };
        standing.identity.add_to(&mut policies);
        let facts = &self.caller.facts;
        policies.session = facts
            .session_policies
            .iter()
            .map(|document| Named { name: "", document })
            .collect();
        policies.vpc_endpoint = facts
            .vpc_endpoint_policy
            .as_ref()
            .map(|document| Named { name: "", document });
        policies
    }

    fn authorise_account(&self, standing: &Standing, action: &str, resource: &str) -> Result<()> {
        let context = self.context(standing, None, 0, false);
        let policies = self.policies(standing, None);
        let question = Question {
            action,
            resource,
            owner: None,
            principal: &standing.principal,
            context: &context,
            policies: &policies,
            granted: None,
        };
        match decide(&question) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(reason) => Err(denied(&reason, &question)),
        }
    }

    /// Decides the operation on one of its keys; the id of the grant, if it is by a grant.
    fn authorise_key(
        &self,
        standing: &Standing,
        side: usize,
        key: &KeyEntry,
        same_key: bool,
    ) -> Result<Option<String>> {
        let action = self.operation.actions[side.min(self.operation.actions.len() - 1)];
        let context = self.context(standing, Some(key), side, same_key);
        let owner = self.owner_of(key)?;
        let ground = self.ground(standing, owner.as_deref(), key, action, &context);
        if let Some(ground) = &ground
            && key.allowances().has(ground)
        {
            return Ok(None);
        }
        let mut policies = self.policies(standing, key.policy());
        owner
            .as_deref()
            .unwrap_or(&standing.identity)
            .add_resource_control(&mut policies);
        let mut question = Question {
            action,
            resource: key.arn(),
            owner: Some(&key.row().account),
            principal: &standing.principal,
            context: &context,
            policies: &policies,
            granted: None,
        };
        let reason = match decide(&question) {
            Decision::Allowed(_) => {
                if let Some(ground) = ground {
                    key.allowances().note(ground);
                }
                return Ok(None);
            }
            Decision::Denied(reason) => reason,
        };
        // A grant stands for a policy that says nothing, never against one that denies.
        if matches!(reason, Reason::Missing { .. })
            && let Some(grant) = self.grant_for(standing, key, action, &context)?
        {
            question.granted = Some(&grant);
            if let Decision::Denied(reason) = decide(&question) {
                return Err(denied(&reason, &question));
            }
            return Ok(Some(grant));
        }
        Err(denied(&reason, &question))
    }

    /// What the store says of the account of a foreign key.
    fn owner_of(&self, key: &KeyEntry) -> Result<Option<Arc<Identity>>> {
        let account = &*key.row().account;
        if account == self.caller.account {
            return Ok(None);
        }
        let Engine { table, store, .. } = self.engine;
        table
            .identity(&format!("{account}/account/"), &**store)
            .map(Some)
    }

    fn ground(
        &self,
        standing: &Standing,
        owner: Option<&Identity>,
        key: &KeyEntry,
        action: &str,
        context: &dyn Context,
    ) -> Option<Ground> {
        let facts = &self.caller.facts;
        let serials = [
            self.caller.serial,
            standing.identity.serial,
            owner.map_or(0, |owner| owner.serial),
        ];
        let of_caller = facts
            .session_policies
            .iter()
            .chain(&facts.vpc_endpoint_policy);
        let keys = key
            .policy()
            .into_iter()
            .chain(of_caller.map(|document| &**document))
            .flat_map(Document::keys)
            .map(String::as_str)
            .chain(standing.identity.keys())
            .chain(owner.into_iter().flat_map(Identity::keys));
        Ground::of(&serials, action, keys, context)
    }

    fn grant_for(
        &self,
        standing: &Standing,
        key: &KeyEntry,
        action: &str,
        context: &RequestContext<'_>,
    ) -> Result<Option<String>> {
        let operation = action.strip_prefix("kms:").unwrap_or(action);
        let grants = key.grants(&standing.principal, &*self.engine.store)?;
        let source_arn = self.caller.facts.source_arn.as_deref();
        let found = grants.iter().find(|grant| {
            grant.operations.iter().any(|known| known == operation)
                && grant.admits(operation, context.encryption_context(), source_arn)
        });
        Ok(found.map(|grant| grant.grant_id.clone()))
    }

    /// A grant is seen as soon as it is there, so that a token adds nothing; a wrong one is refused all the same.
    fn check_grant_tokens(&self) -> Result<()> {
        for token in self.request.list("GrantTokens") {
            let crate::value::Value::String(token) = token else {
                return Err(invalid_grant_token());
            };
            let Engine {
                hierarchy, store, ..
            } = self.engine;
            let named = hierarchy
                .open_grant_token(token)
                .ok_or_else(invalid_grant_token)?;
            store
                .load_grant(&named.region, named.key_id, &named.grant_id)?
                .ok_or_else(invalid_grant_token)?;
        }
        Ok(())
    }

    /// A blob that names a foreign, forbidden key and one that names no key look the same to its bearer.
    fn hide(&self, key: &KeyEntry, error: Error) -> Error {
        if error.code == ErrorCode::AccessDenied && self.caller.account != *key.row().account {
            let detail = error.detail.unwrap_or_default();
            return unknown_ciphertext_key().with_detail(detail);
        }
        error
    }
}

impl GrantRow {
    /// Whether a request meets the grant's constraints. Encryption contexts do not bind what has none.
    fn admits(
        &self,
        operation: &str,
        context: &[(String, String)],
        source_arn: Option<&str>,
    ) -> bool {
        let from_source = self
            .source_arn
            .as_deref()
            .is_none_or(|expected| source_arn == Some(expected));
        if !from_source {
            return false;
        }
        if matches!(operation, "DescribeKey" | "RetireGrant") {
            return true;
        }
        let has = |(name, value): &(String, String)| {
            let mut pairs = context.iter();
            pairs.any(|(key, found)| key.eq_ignore_ascii_case(name) && found == value)
        };
        let equals = self
            .context_equals
            .as_ref()
            .is_none_or(|pairs| pairs.len() == context.len() && pairs.iter().all(has));
        equals
            && self
                .context_subset
                .as_ref()
                .is_none_or(|pairs| pairs.iter().all(has))
    }
}

pub(crate) fn invalid_grant_token() -> Error {
    Error::new(
        ErrorCode::InvalidGrantToken,
        "The grant token is not valid.",
    )
}

fn denied(reason: &Reason, question: &Question<'_>) -> Error {
    Error::new(ErrorCode::AccessDenied, reason.message(question)).with_detail(reason.explanation())
}
