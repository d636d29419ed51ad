//! Provider configurations: which account and Region a resource goes to.

use super::expression::elements;
use super::{Evaluator, Instance, Scope};
use crate::aws::{AccountId, Arn, Known, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::terraform::ast::{Block, Expr, ExprKind};
use crate::value::{Entry, Kind, Reason, Unknown, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// One provider configuration, evaluated.
pub(super) struct ProviderInfo {
    pub(super) place: Arc<Place>,
    pub(super) account: Value,
    pub(super) region: Value,
    pub(super) default_tags: Option<Value>,
}

type Providers = BTreeMap<String, Rc<ProviderInfo>>;

impl Evaluator<'_> {
    /// The configurations that `instance` sees: those passed or inherited, and its own.
    pub(super) fn own_providers(&self, instance: &Instance, passed: &Providers) -> Providers {
        let mut providers = passed.clone();
        let blocks: Vec<_> = instance.module.providers.iter().filter(|provider| &*provider.name == "aws").collect();
        if blocks.is_empty() {
            return providers;
        }
        // Provider arguments may refer to the module's variables and locals only, so a stand-in instance suffices.
        let stand_in = Rc::new(Instance {
            id: instance.id,
            module: instance.module.clone(),
            prefix: instance.prefix.clone(),
            parent: instance.parent.clone(),
            providers: passed.clone(),
            chain: instance.chain.clone(),
            exists: instance.exists.clone(),
            terragrunt: instance.terragrunt.clone(),
        });
        for provider in blocks {
            let name = provider.alias.as_ref().map_or_else(|| "aws".to_owned(), |alias| format!("aws.{alias}"));
            let empty =
                provider.block.body.attributes.iter().all(|attribute| matches!(&*attribute.name, "alias" | "version"))
                    && provider.block.body.blocks.is_empty();
            // An empty block in a module is the old form of `configuration_aliases`.
            if empty && instance.parent.is_some() && providers.contains_key(&name) {
                continue;
            }
            let Some(each) = provider.block.body.attribute("for_each") else {
                let info = self.provider(&provider.block, &name, &Scope::new(&stand_in));
                providers.insert(name, Rc::new(info));
                continue;
            };
            // Of a Terraform Stack, or OpenTofu: one configuration for each element, `aws.name["key"]`.
            let collection = self.value(&each.value, &Scope::new(&stand_in));
            let (items, open) = elements(&collection).ok().flatten().unwrap_or_default();
            if open.is_some() || collection.first_unknown().is_some() && items.is_empty() {
                self.tell(self.not_expanded(each, &collection));
            }
            for (key, value) in items {
                let Some(text) = key.text().or_else(|| value.text()) else { continue };
                let mut scope = Scope::new(&stand_in);
                scope.repetition.each = Some((Value::string(text.clone()), value));
                let name = keyed(&name, &text);
                let info = self.provider(&provider.block, &name, &scope);
                providers.insert(name, Rc::new(info));
            }
        }
        providers
    }

    /// What a call hands down: un-aliased configurations are inherited, `providers = {}` maps names.
    pub(super) fn passed_providers(&self, block: &Block, scope: &Scope<'_>) -> Providers {
        let caller = scope.instance;
        let mut passed: Providers = caller
            .providers
            .iter()
            .filter(|(name, _)| *name == "aws")
            .map(|(name, info)| (name.clone(), info.clone()))
            .collect();
        let Some(attribute) = block.body.attribute("providers") else { return passed };
        if let ExprKind::Object(items) = &attribute.value.kind {
            for item in items {
                let key = self.source_text(item.key_span);
                let key = key.trim_matches(['"', '(', ')']).to_owned();
                let name = self.provider_name(&item.value, scope);
                match name.as_ref().and_then(|name| caller.providers.get(name)) {
                    Some(info) => drop(passed.insert(key, info.clone())),
                    // Another provider's configuration is nobody's account.
                    None if !key.starts_with("aws") => {}
                    None => {
                        let name = name.unwrap_or_else(|| self.some_provider(&item.value));
                        passed.insert(key, self.unconfigured(&name));
                    }
                }
            }
        }
        passed
    }

    /// `aws.dest`, `aws`, or `aws.by_region["eu-west-1"]`, its key evaluated.
    fn provider_name(&self, expr: &Expr, scope: &Scope<'_>) -> Option<String> {
        match &expr.kind {
            ExprKind::Variable(name) => Some(name.to_string()),
            // Terraform Stacks say `provider.aws.dest`.
            ExprKind::GetAttr(inner, name, _) if matches!(&inner.kind, ExprKind::Variable(first) if &**first == "provider") => {
                Some(name.to_string())
            }
            ExprKind::GetAttr(inner, alias, _) => Some(format!("{}.{alias}", self.provider_name(inner, scope)?)),
            ExprKind::Index(inner, key) => {
                Some(keyed(&self.provider_name(inner, scope)?, &self.value(key, scope).text()?))
            }
            ExprKind::String(text) => Some(text.to_string()),
            ExprKind::Parens(inner) => self.provider_name(inner, scope),
            _ => None,
        }
    }

    /// A name for a configuration that is chosen by what is not known: another one at each place.
    fn some_provider(&self, expr: &Expr) -> String {
        let at = self.sources.location(expr.span);
        format!("{} at {}:{}:{}", self.source_text(expr.span), at.file, at.line, at.column)
    }

    /// The Region that a resource's own argument `region` names (version 6 of the provider).
    pub(super) fn own_region(&self, region: &Value, address: &str) -> Known<Arc<str>> {
        match region.text() {
            Some(text) => Known::Is(text),
            None => {
                let of =
                    account_symbol(region).unwrap_or_else(|| format!("`{address}` in `{}`", self.unit.name).into());
                Known::Symbol(format!("Region named by {of}").into())
            }
        }
    }

    /// The configuration that a resource block uses.
    pub(super) fn provider_of(&self, block: &Block, kind: &str, scope: &Scope<'_>) -> Rc<ProviderInfo> {
        let local = kind.split('_').next().unwrap_or("aws");
        let name = match block.body.attribute("provider") {
            // A configuration that cannot be told is not the default one.
            Some(attribute) => {
                self.provider_name(&attribute.value, scope).unwrap_or_else(|| self.some_provider(&attribute.value))
            }
            None => local.to_owned(),
        };
        match scope.instance.providers.get(&name) {
            Some(info) => info.clone(),
            None => self.unconfigured(&name),
        }
    }

    /// The default configuration of the root module.
    pub(super) fn default_provider(&self, root: &Rc<Instance>) -> Rc<ProviderInfo> {
        root.providers.get("aws").cloned().unwrap_or_else(|| self.unconfigured("aws"))
    }

    fn unconfigured(&self, name: &str) -> Rc<ProviderInfo> {
        let deployment = &self.unit.deployment;
        let known = deployment.account.or_else(|| self.at_hand()).filter(|_| name == "aws");
        let (account, account_value) = match known {
            Some(id) => (Known::Is(id), Value::string(id.to_string())),
            None => self.symbol(true, name, None),
        };
        let (region, region_value) = match deployment.region.clone().filter(|_| name == "aws") {
            Some(region) => (Known::Is(region.clone()), Value::string(region)),
            None => self.symbol(false, name, None),
        };
        Rc::new(ProviderInfo {
            place: Arc::new(Place { account, region }),
            account: account_value,
            region: region_value,
            default_tags: None,
        })
    }

    /// The account of the role that Terragrunt takes on before it runs Terraform.
    fn at_hand(&self) -> Option<AccountId> {
        let role = self.role.borrow();
        let text = role.as_ref().and_then(Value::text)?;
        Arn::parse(&text).and_then(|arn| AccountId::parse(arn.account))
    }

    fn symbol<T>(&self, account: bool, name: &str, span: Option<Span>) -> (Known<T>, Value) {
        let of: Arc<str> = format!("provider `{name}` in `{}`", self.unit.name).into();
        let text: Arc<str> = format!("{} of {of}", if account { "account" } else { "Region" }).into();
        let mut unknown = Unknown::new(if account { Reason::Account(of) } else { Reason::Region(of) }, span);
        unknown.symbol = Some(text.clone());
        (Known::Symbol(text), Value { kind: Kind::Unknown(Arc::new(unknown)), span, sensitive: false })
    }

    fn provider(&self, block: &Block, name: &str, scope: &Scope<'_>) -> ProviderInfo {
        let deployment = &self.unit.deployment;
        let body = self.body(&block.body, scope, &["alias", "version", "for_each"]);
        // Credentials of its own are those of another account.
        let own = ["profile", "access_key", "shared_credentials_files", "shared_config_files"];
        let own = own.iter().any(|name| body.get(name).is_some_and(|value| !value.is_null()));
        let found = self.account_of(&body, block).or_else(|| self.at_hand().filter(|_| !own).map(Ok));
        let default = name == "aws";
        let (account, account_value) = match (found, deployment.account.filter(|_| default)) {
            (_, Some(id)) => (Known::Is(id), Value::string(id.to_string())),
            (Some(Ok(id)), None) => (Known::Is(id), Value::string(id.to_string())),
            // The same unknown text leads to the same account.
            (Some(Err(value)), None) => match account_symbol(&value) {
                Some(symbol) => {
                    let symbol: Arc<str> = format!("account named by {symbol}").into();
                    let mut unknown = value
                        .first_unknown()
                        .map(|unknown| (**unknown).clone())
                        .unwrap_or_else(|| Unknown::new(Reason::Account(name.into()), None));
                    unknown.symbol = Some(symbol.clone());
                    (
                        Known::Symbol(symbol),
                        Value { kind: Kind::Unknown(Arc::new(unknown)), span: value.span, sensitive: false },
                    )
                }
                None => self.symbol(true, name, Some(block.header)),
            },
            (None, None) => self.symbol(true, name, Some(block.header)),
        };
        let region = body.get("region").filter(|value| !value.is_null()).cloned();
        let (region, region_value) =
            match (region.as_ref().and_then(Value::text), deployment.region.clone().filter(|_| default)) {
                (Some(text), _) => (
                    Known::Is(text.clone()),
                    Value { span: region.and_then(|value| value.span), ..Value::string(text) },
                ),
                (None, Some(text)) => (Known::Is(text.clone()), Value::string(text)),
                (None, None) => self.symbol(false, name, Some(block.header)),
            };
        let tags = body
            .get("default_tags")
            .and_then(Value::as_seq)
            .and_then(|seq| seq.items.first())
            .and_then(|block| block.get("tags"))
            .map(super::arguments::tags);
        ProviderInfo {
            place: Arc::new(Place { account, region }),
            account: account_value,
            region: region_value,
            default_tags: tags,
        }
    }

    /// The account that the configuration names; `Err` where it names one that is not known; `None` where it names none.
    fn account_of(&self, body: &Value, block: &Block) -> Option<Result<AccountId, Value>> {
        for kind in ["assume_role", "assume_role_with_web_identity"] {
            let roles = body.get(kind).and_then(Value::as_seq);
            let Some(role) = roles
                .and_then(|seq| seq.items.iter().rev().find_map(|role| role.get("role_arn")))
                .filter(|role| !role.is_null())
            else {
                continue;
            };
            let parts = crate::terraform::ops::text_parts(role);
            if let Some(text) = role.text() {
                if let Some(id) = Arn::parse(&text).and_then(|arn| AccountId::parse(arn.account)) {
                    return Some(Ok(id));
                }
                self.short_account(&text, block);
                return Some(Err(role.clone()));
            }
            // `arn:aws:iam::<hole>:role/…`, or `arn:aws:iam::123456789012:role/<hole>`.
            let head = parts.first().and_then(|part| part.as_str().map(str::to_owned)).unwrap_or_default();
            if let Some(id) = Arn::parse(&head).and_then(|arn| AccountId::parse(arn.account)) {
                return Some(Ok(id));
            }
            return Some(Err(parts
                .into_iter()
                .find(|part| part.first_unknown().is_some() || part.text().is_none())
                .unwrap_or_else(|| role.clone())));
        }
        let allowed = body.get("allowed_account_ids").and_then(Value::as_seq)?;
        match allowed.items.as_slice() {
            [only] if allowed.open.is_none() => match only.text() {
                Some(text) => match AccountId::parse(&text) {
                    Some(id) => Some(Ok(id)),
                    None => {
                        self.short_account(&text, block);
                        None
                    }
                },
                None => Some(Err(only.clone())),
            },
            _ => None,
        }
    }

    /// An account id that lost its leading zeros by being written as a number.
    fn short_account(&self, text: &str, block: &Block) {
        let digits =
            text.split(':').find(|part| (9..12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
        if let Some(digits) = digits {
            self.tell(
                Diagnostic::note(
                    block.header,
                    Severity::Warning,
                    format!(
                        "`{digits}` is not an account id: it has {} digits; a number loses its leading zeros",
                        digits.len()
                    ),
                )
                .with_help("write the account id as a string"),
            );
        }
    }

    /// `tags_all`: the provider's default tags, and the resource's own over them.
    pub(super) fn merge_tags(&self, provider: &ProviderInfo, attributes: &mut Value) {
        let Some(defaults) = &provider.default_tags else { return };
        let own = attributes.get("tags").cloned().unwrap_or_else(Value::null);
        let merged = crate::terraform::functions::merge(&[defaults.clone(), own])
            .unwrap_or_else(|_| self.unknown_from(defaults));
        if let Kind::Map(map) = &mut attributes.kind {
            let span = map.entries.get("tags").and_then(|entry| entry.span);
            Arc::make_mut(map).entries.insert("tags_all".into(), Entry { value: merged, span });
        }
    }
}

/// What names the unknown: an unknown's symbol, or the resource that a reference leads to.
fn account_symbol(value: &Value) -> Option<Arc<str>> {
    match (&value.kind, value.first_unknown()) {
        // A part of what names it does not name it.
        (Kind::Cond(_) | Kind::Template(_), _) => None,
        (_, Some(unknown)) => unknown.symbol.clone(),
        (Kind::Ref(_), None) => value.marked_text().map(|text| text.trim_matches('\u{1}').into()),
        _ => None,
    }
}

/// The name of one of the configurations that a provider block with `for_each` makes.
fn keyed(name: &str, key: &str) -> String {
    format!("{name}[{}]", serde_json::Value::from(key))
}
