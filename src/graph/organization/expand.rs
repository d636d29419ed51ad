//! AWS Organizations backup policies as the plans that they make in the accounts below what they are attached to.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html>, read
//! 2026-11. What policies on the way from the root to an account say of one plan is merged; each plan is then made in
//! every Region that it lists.

use super::effective::{Layer, PlanFlaw, merge};
use super::tree::{Target, Tree};
use super::{Attachment, Organization, attachments};
use crate::aws::{Account, Known, Place, Region};
use crate::graph::resolve::why;
use crate::model::{
    CopyAction, Entities, FlawWeight, Lifecycle, OrganizationPolicy, Plan, PlanRule, PolicyFlaw, PolicyOrigin,
    Selection, Setting, Site, TagCondition, TagOperator,
};
use crate::source::Span;
use crate::value::{Entry, Existence, Guard, Kind, Reason, Ref, Unknown, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Adds the plans and selections of all backup policies.
pub(in crate::graph) fn expand(entities: &mut Entities, organization: &mut Organization) {
    if entities.backup_policies.is_empty() {
        return;
    }
    let policies = std::mem::take(&mut entities.backup_policies);
    let attached = attachments(&policies, entities, &mut organization.tree);
    let work = Work { policies: &policies, attached, tree: &organization.tree, stores: places(entities) };
    let mut made = Made::default();
    let mut merged = BTreeMap::new();
    for account in work.accounts() {
        let layers = work.layers(&account);
        work.make(&account, &layers, &mut merged, &mut made);
    }
    for at in 0..policies.len() {
        if let Some(layer) = work.elsewhere(at, &made) {
            let account = Known::Symbol(work.somewhere(at).into());
            work.make(&account, &[layer], &mut merged, &mut made);
        }
    }
    entities.plans.append(&mut made.plans);
    entities.selections.append(&mut made.selections);
    entities.backup_policies = policies;
}

#[derive(Default)]
struct Made {
    plans: Vec<Plan>,
    selections: Vec<Selection>,
    /// The policies that make a plan in some account that is known to lie below.
    certain: BTreeSet<usize>,
}

/// The accounts that hold data stores, and the Regions of these.
type StorePlaces = BTreeMap<Account, BTreeSet<Region>>;

fn places(entities: &Entities) -> StorePlaces {
    let mut out = StorePlaces::new();
    for store in &entities.data_stores {
        let place = &store.site.place;
        if !out.get(&place.account).is_some_and(|regions| regions.contains(&place.region)) {
            out.entry(place.account.clone()).or_default().insert(place.region.clone());
        }
    }
    out
}

/// A policy that reaches an account.
struct Reaching {
    policy: usize,
    level: usize,
    /// Why it is not certain that it reaches the account; a guard of the plans it makes.
    doubt: Option<Guard>,
    exists: Existence,
}

/// The merged plans of a set of policies.
struct Merged {
    plans: Value,
    flaws: Vec<PlanFlaw>,
    /// By plan in lower case: the policies that say something of it, by their place in the layers.
    sayers: BTreeMap<String, Vec<usize>>,
}

struct Work<'a> {
    policies: &'a [OrganizationPolicy],
    attached: Vec<Attachment>,
    tree: &'a Tree,
    stores: StorePlaces,
}

impl Work<'_> {
    /// All accounts that a policy may reach: those known to lie below a target, and those with data stores.
    fn accounts(&self) -> BTreeSet<Account> {
        let mut out: BTreeSet<Account> = self.stores.keys().cloned().collect();
        for attachment in &self.attached {
            match &attachment.target {
                Target::Account(account) => {
                    out.insert(account.clone());
                }
                Target::Unit(unit) => out.extend(self.tree.accounts_below(*unit).cloned()),
                Target::Unknown => {}
            }
        }
        out
    }

    /// The policies that reach the account, from the root down.
    fn layers(&self, account: &Account) -> Vec<Reaching> {
        let mut out: Vec<Reaching> = Vec::new();
        let stored = self.stores.contains_key(account);
        let guard = |text: String, span: Span| Guard { text: text.into(), holds: true, span: Some(span) };
        let name = |account: &Account| match account {
            Known::Is(id) => format!("account {id}"),
            Known::Symbol(symbol) => symbol.to_string(),
        };
        for attachment in &self.attached {
            let (reached, level) = match &attachment.target {
                Target::Account(own) => (own.same(account), usize::MAX),
                Target::Unit(unit) => (self.tree.below(*unit, account), self.tree.depth(*unit)),
                Target::Unknown => (None, 1),
            };
            let doubt = match (reached, &attachment.target) {
                (Some(false), _) => continue,
                (Some(true), _) => None,
                // That a policy reaches an account of which nothing is known is worth a word only where it would copy.
                (None, _) if !stored => continue,
                (None, Target::Account(own)) => {
                    Some(guard(format!("{} is {}", name(account), name(own)), attachment.span))
                }
                (None, Target::Unit(_)) => {
                    Some(guard(format!("{} lies below {}", name(account), attachment.label), attachment.span))
                }
                (None, Target::Unknown) => {
                    Some(guard(format!("the backup policy reaches {}", name(account)), attachment.span))
                }
            };
            match out.iter_mut().find(|other| other.policy == attachment.policy) {
                Some(other) if other.doubt.is_some() && doubt.is_none() => {
                    *other = Reaching { policy: attachment.policy, level, doubt, exists: attachment.exists.clone() };
                }
                Some(_) => {}
                None => {
                    out.push(Reaching { policy: attachment.policy, level, doubt, exists: attachment.exists.clone() });
                }
            }
        }
        if stored {
            for (at, policy) in self.policies.iter().enumerate() {
                if !self.attached.iter().any(|attachment| attachment.policy == at) {
                    let text = format!("the backup policy is attached above {}", name(account));
                    let doubt = Some(guard(text, policy.site.header));
                    out.push(Reaching { policy: at, level: 1, doubt, exists: policy.site.exists.clone() });
                }
            }
        }
        out.sort_by_key(|reaching| (reaching.level, reaching.policy));
        out
    }

    /// The policy for the accounts that are not known, where there may be some.
    fn elsewhere(&self, at: usize, made: &Made) -> Option<Reaching> {
        let mut own = self.attached.iter().filter(|attachment| attachment.policy == at).peekable();
        let open = own.peek().is_none()
            || own.any(|attachment| match &attachment.target {
                Target::Account(_) => false,
                Target::Unit(unit) => self.tree.open(*unit),
                Target::Unknown => true,
            });
        let exists = self.policies.get(at)?.site.exists.clone();
        // Where code tells of accounts below, those that it does not tell of are not counted.
        (open && !made.certain.contains(&at)).then_some(Reaching { policy: at, level: 0, doubt: None, exists })
    }

    fn somewhere(&self, at: usize) -> String {
        let address = self.policies.get(at).map(|policy| policy.site.address.to_string()).unwrap_or_default();
        format!("an account that `{address}` is attached to")
    }

    /// Makes the plans of one account.
    fn make(
        &self,
        account: &Account,
        layers: &[Reaching],
        merged: &mut BTreeMap<Vec<(usize, usize)>, Merged>,
        made: &mut Made,
    ) {
        if layers.is_empty() {
            return;
        }
        let key: Vec<(usize, usize)> = layers.iter().map(|layer| (layer.policy, layer.level)).collect();
        let merged = merged.entry(key).or_insert_with(|| self.merged(layers));
        let known = self.stores.contains_key(account) || account.known().is_some();
        made.certain.extend(layers.iter().filter(|layer| layer.doubt.is_none() && known).map(|layer| layer.policy));
        for (name, entry) in entries(Some(&merged.plans)) {
            let lower = name.to_lowercase();
            let Some(sayers) = merged.sayers.get(&lower) else { continue };
            let sayers: Vec<&Reaching> = sayers.iter().filter_map(|at| layers.get(*at)).collect();
            let flaws = merged
                .flaws
                .iter()
                .filter(|found| found.plan.as_ref().is_none_or(|plan| *plan == lower))
                .filter_map(|found| placed_flaw(found, &entry.value))
                .collect();
            self.plan(name, entry, account, &sayers, flaws, made);
        }
        if let Some((at, why)) = layers.iter().find_map(|layer| {
            let policy = self.policies.get(layer.policy)?;
            let content = content(policy);
            Some((layer, more(Some(content)).or_else(|| more(content.get("plans")))?))
        }) && let Some(policy) = self.policies.get(at.policy)
        {
            let place = Place { account: account.clone(), region: Known::Symbol("a Region".into()) };
            let site = Site { place: place.into(), exists: exists(&[at], policy), ..policy.site.clone() };
            let rules = vec![PlanRule::not_known(why, policy.content.span)];
            made.plans.push(Plan {
                site,
                id: None,
                name: Value::string("?"),
                rules,
                origin: Some(PolicyOrigin::default()),
            });
        }
    }

    fn merged(&self, layers: &[Reaching]) -> Merged {
        let contents: Vec<(usize, &OrganizationPolicy)> =
            layers.iter().filter_map(|layer| Some((layer.level, self.policies.get(layer.policy)?))).collect();
        let merging: Vec<Layer<'_>> = contents
            .iter()
            .map(|(level, policy)| Layer { level: *level, content: content(policy), span: policy.content.span })
            .collect();
        let (value, mut flaws) = merge(&merging);
        let mut sayers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, (_, policy)) in contents.iter().enumerate() {
            for (name, _) in entries(content(policy).get("plans")) {
                sayers.entry(name.to_lowercase()).or_default().push(at);
            }
        }
        let plans = value.get("plans").cloned().unwrap_or_else(Value::null);
        for (name, entry) in entries(Some(&plans)) {
            let found = flaws_of_plan(&entry.value, entry.span.unwrap_or_else(|| fallback(&contents)));
            let plan = Some(name.to_lowercase());
            flaws.extend(found.into_iter().map(|flaw| PlanFlaw { plan: plan.clone(), ..flaw }));
        }
        Merged { plans, flaws, sayers }
    }

    /// Makes one plan of the account, in each of its Regions.
    fn plan(
        &self,
        name: &Arc<str>,
        entry: &Entry,
        account: &Account,
        sayers: &[&Reaching],
        flaws: Arc<[PolicyFlaw]>,
        made: &mut Made,
    ) {
        let Some(policy) = sayers.first().and_then(|sayer| self.policies.get(sayer.policy)) else { return };
        let body = &entry.value;
        let span = entry.span.unwrap_or(policy.site.header);
        let doubtful = sayers.iter().any(|sayer| sayer.doubt.is_some());
        for (region, guard) in self.regions(name, body, account, doubtful) {
            let place = Place { account: account.clone(), region };
            let address: Arc<str> = format!("{}/{name}{}", policy.site.address, suffix(&place)).into();
            let mut exists = exists(sayers, policy);
            if let Some(guard) = guard {
                exists = with_guard(exists, guard);
            }
            let site = Site {
                address: address.clone(),
                place: place.into(),
                header: span,
                span,
                exists,
                ..policy.site.clone()
            };
            let rules = entries(body.get("rules"));
            made.plans.push(Plan {
                id: None,
                site: site.clone(),
                name: Value::string(name.clone()),
                rules: rules
                    .iter()
                    .map(|(name, entry)| rule(name, entry, &site.place, span))
                    .chain(more(body.get("rules")).map(|why| PlanRule::not_known(why, span)))
                    .collect(),
                origin: Some(PolicyOrigin { flaws: flaws.clone() }),
            });
            let reference = Ref { stack: site.stack, address, attr: "id".into(), known: None };
            let plan = Setting { value: Value::new(Kind::Ref(Arc::new(reference))), span };
            let selections = body.get("selections");
            for (name, entry) in entries(selections.and_then(|all| all.get("tags"))) {
                made.selections.push(by_tags(name, entry, &site, &plan));
            }
            for (name, entry) in entries(selections.and_then(|all| all.get("resources"))) {
                made.selections.push(by_types(name, entry, &site, &plan));
            }
        }
    }

    /// The Regions in which the account has the plan; under a guard where a Region of the account is not known.
    fn regions(&self, name: &str, body: &Value, account: &Account, doubtful: bool) -> Vec<(Region, Option<Guard>)> {
        let symbol = || Known::Symbol(format!("a Region of the plan `{name}`").into());
        let Some(listed) = leaves(body.get("regions")) else { return vec![(symbol(), None)] };
        let own = self.stores.get(account);
        if own.is_none() && account.known().is_none() {
            let mut regions = listed.iter().map(|region| region.text().map_or_else(symbol, Known::Is));
            return match (regions.next(), regions.next()) {
                (Some(only), None) => vec![(only, None)],
                _ => vec![(symbol(), None)],
            };
        }
        let known: Vec<Arc<str>> = listed.iter().filter_map(Value::text).collect();
        let mut out: Vec<(Region, Option<Guard>)> = known
            .iter()
            .map(|region| (Known::Is(region.clone()), None))
            .filter(|(region, _)| !doubtful || own.is_some_and(|own| own.contains(region)))
            .collect();
        let span = body.as_map().and_then(|map| map.entries.get("regions")?.span);
        for region in own.into_iter().flatten() {
            let text = match region {
                Known::Symbol(symbol) => format!("{symbol} is one of {}", texts(&listed)),
                Known::Is(region) if !known.contains(region) && known.len() < listed.len() => {
                    format!("{region} is one of {}", texts(&listed))
                }
                Known::Is(_) => continue,
            };
            out.push((region.clone(), Some(Guard { text: text.into(), holds: true, span })));
        }
        if known.len() < listed.len() && !doubtful {
            out.push((symbol(), None));
        }
        out
    }
}

/// The Regions as words.
fn texts(values: &[Value]) -> String {
    let texts: Vec<String> = values
        .iter()
        .map(|value| value.text().map_or_else(|| "one that is not known".to_owned(), |text| text.to_string()))
        .collect();
    texts.join(", ")
}

fn content(policy: &OrganizationPolicy) -> &Value {
    let content = &policy.content.value;
    if let Kind::Document(inner) = &content.kind { inner } else { content }
}

fn fallback(contents: &[(usize, &OrganizationPolicy)]) -> Span {
    contents.first().map_or_else(|| Span::new(crate::source::FileId(0), 0..0), |(_, policy)| policy.content.span)
}

/// Under which conditions the plan exists: those of its attachments, and that they reach the account.
fn exists(sayers: &[&Reaching], policy: &OrganizationPolicy) -> Existence {
    let mut out = policy.site.exists.clone();
    for sayer in sayers {
        match (&out, &sayer.exists) {
            (Existence::Many(_), _) => {}
            (_, Existence::Many(_)) | (Existence::Certain, _) => out = sayer.exists.clone(),
            (Existence::When(_), Existence::When(guards)) => {
                for guard in guards.iter() {
                    out = with_guard(out, guard.clone());
                }
            }
            (Existence::When(_), Existence::Certain) => {}
        }
        if let Some(doubt) = &sayer.doubt {
            out = with_guard(out, doubt.clone());
        }
    }
    out
}

fn with_guard(exists: Existence, guard: Guard) -> Existence {
    match exists {
        Existence::Certain => Existence::When([guard].into()),
        Existence::When(guards) if guards.contains(&guard) => Existence::When(guards),
        Existence::When(guards) => Existence::When(guards.iter().cloned().chain([guard]).collect()),
        Existence::Many(value) => Existence::Many(value),
    }
}

/// The flaw with the rule and copy action as indices; `None` where the plan has lost them.
fn placed_flaw(found: &PlanFlaw, plan: &Value) -> Option<PolicyFlaw> {
    let Some((rule, action)) = &found.action else { return Some(found.flaw.clone()) };
    let rules = entries(plan.get("rules"));
    let at = rules.iter().position(|(name, _)| name.to_lowercase() == *rule)?;
    let actions = entries(rules.get(at)?.1.value.get("copy_actions"));
    let action = actions.iter().position(|(name, _)| name.to_lowercase() == *action)?;
    Some(PolicyFlaw { action: Some((at, action)), ..found.flaw.clone() })
}

/// What is wrong in the copy actions of a merged plan.
fn flaws_of_plan(plan: &Value, fallback: Span) -> Vec<PlanFlaw> {
    let mut out = Vec::new();
    if let (Some(tags), Some(resources)) = (
        plan.get("selections").and_then(|all| all.as_map()?.entries.get("tags")),
        plan.get("selections").and_then(|all| all.get("resources")),
    ) && !entries(Some(&tags.value)).is_empty()
        && !entries(Some(resources)).is_empty()
    {
        let flaw = PolicyFlaw {
            action: None,
            weight: FlawWeight::Fatal,
            message: "the plan selects by `tags` and by `resources`, which exclude each other".to_owned(),
            help: "use `resources` with `conditions` for a selection by both".to_owned(),
            span: tags.span.unwrap_or(fallback),
        };
        out.push(PlanFlaw { plan: None, action: None, flaw });
    }
    for (rule, entry) in entries(plan.get("rules")) {
        for (key, action) in entries(entry.value.get("copy_actions")) {
            let span = action.span.unwrap_or(fallback);
            let mut flaw = |weight: FlawWeight, span: Span, message: String, help: &str| {
                let flaw = PolicyFlaw { action: None, weight, message, help: help.to_owned(), span };
                let action = Some((rule.to_lowercase(), key.to_lowercase()));
                out.push(PlanFlaw { plan: None, action, flaw });
            };
            let target = action.value.as_map().and_then(|map| map.entries.get("target_backup_vault_arn"));
            let named = target.and_then(|target| target.value.text());
            match (&named, target) {
                (Some(named), Some(target)) if !named.eq_ignore_ascii_case(key) => {
                    let message = format!("the copy action has the key `{key}`, but names the vault `{named}`");
                    flaw(
                        FlawWeight::Fatal,
                        target.span.unwrap_or(span),
                        message,
                        "the key must be the ARN of the vault; write the same ARN in both places",
                    );
                }
                (_, None) if key.chars().any(char::is_uppercase) => {
                    let message = format!(
                        "the copy action `{key}` has no `target_backup_vault_arn`, and AWS then takes the key in lower case"
                    );
                    flaw(FlawWeight::Doubtful, span, message, "name the vault in `target_backup_vault_arn` too");
                }
                _ => {}
            }
            let text = named.clone().unwrap_or_else(|| key.clone());
            if text.contains("$region") {
                let message = format!("`$region` is not replaced in `{text}`");
                flaw(
                    FlawWeight::Fatal,
                    target.and_then(|target| target.span).unwrap_or(span),
                    message,
                    "name the Region, and write a plan for each Region where the destinations differ",
                );
            }
        }
    }
    out
}

/// Tells the plans of one policy apart: account and Region, as far as they are known.
fn suffix(place: &Place) -> String {
    let known = [place.account.known().map(ToString::to_string), place.region.known().map(ToString::to_string)];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { format!("@{}", known.join("/")) }
}

fn rule(name: &Arc<str>, entry: &Entry, place: &Place, fallback: Span) -> PlanRule {
    let account = &place.account;
    let body = &entry.value;
    let span = entry.span.unwrap_or(fallback);
    let actions = entries(body.get("copy_actions"));
    let copy_actions = actions.iter().map(|(key, action)| {
        let span = action.span.unwrap_or(span);
        // Without it AWS takes the key in lower case, as the effective policy has it.
        let destination = setting(&action.value, "target_backup_vault_arn", account)
            .unwrap_or_else(|| Setting { value: placed(&Value::string(key.to_lowercase()), account), span });
        CopyAction { destination, lifecycle: lifecycle(&action.value, account), when: Vec::new(), span }
    });
    PlanRule {
        name: Value::string(name.clone()),
        target_vault: setting(body, "target_backup_vault_name", account)
            .unwrap_or(Setting { value: Value::null(), span }),
        target_air_gapped: setting(body, "target_logically_air_gapped_backup_vault_arn", account)
            .map(|setting| Setting { value: in_region(&setting.value, &place.region), ..setting }),
        continuous: setting(body, "enable_continuous_backup", account),
        schedule: setting(body, "schedule_expression", account),
        lifecycle: lifecycle(body, account),
        copy_actions: copy_actions
            .chain(more(Some(body).filter(|body| is_open(body))).map(|why| CopyAction::not_known(why, span)))
            .chain(more(body.get("copy_actions")).map(|why| CopyAction::not_known(why, span)))
            .collect(),
        recovery_point_tags: None,
        when: Vec::new(),
        span,
    }
}

fn lifecycle(body: &Value, account: &Account) -> Lifecycle {
    let Some(entry) = body.as_map().and_then(|map| map.entries.get("lifecycle")) else { return Lifecycle::default() };
    Lifecycle {
        delete_after: setting(&entry.value, "delete_after_days", account),
        cold_after: setting(&entry.value, "move_to_cold_storage_after_days", account),
        span: entry.span,
    }
}

fn by_tags(name: &Arc<str>, entry: &Entry, site: &Site, plan: &Setting) -> Selection {
    let account = &site.place.account;
    let body = &entry.value;
    let span = entry.span.unwrap_or(site.header);
    let key = setting(body, "tag_key", account).map_or_else(Value::null, |setting| setting.value);
    let values = leaves(body.get("tag_value"));
    let tags = values.iter().flatten().map(|value| TagCondition {
        operator: TagOperator::Equals,
        key: key.clone(),
        value: value.clone(),
        span,
    });
    Selection {
        tags: tags.collect(),
        open: values.is_none().then(|| not_known(body.get("tag_value"), span)),
        ..selection(name, body, site, plan, account, span)
    }
}

fn by_types(name: &Arc<str>, entry: &Entry, site: &Site, plan: &Setting) -> Selection {
    let account = &site.place.account;
    let body = &entry.value;
    let span = entry.span.unwrap_or(site.header);
    let listed = |name: &str| {
        let values = leaves(body.get(name)).unwrap_or_default();
        values.into_iter().map(|value| Setting { span: value.span.unwrap_or(span), value }).collect::<Vec<_>>()
    };
    let types = body.get("resource_types");
    Selection {
        resources: listed("resource_types"),
        not_resources: listed("not_resource_types"),
        open: leaves(types).is_none().then(|| not_known(types, span)),
        ..selection(name, body, site, plan, account, span)
    }
}

fn selection(name: &Arc<str>, body: &Value, site: &Site, plan: &Setting, account: &Account, span: Span) -> Selection {
    let mut conditions = Vec::new();
    for (operator, form) in [
        ("string_equals", TagOperator::Equals),
        ("string_not_equals", TagOperator::NotEquals),
        ("string_like", TagOperator::Like),
        ("string_not_like", TagOperator::NotLike),
    ] {
        for (_, entry) in entries(body.get("conditions").and_then(|all| all.get(operator))) {
            let part = |name| setting(&entry.value, name, account).map_or_else(Value::null, |setting| setting.value);
            conditions.push(TagCondition {
                operator: form,
                key: part("condition_key"),
                value: part("condition_value"),
                span: entry.span.unwrap_or(span),
            });
        }
    }
    Selection {
        site: Site { header: span, span, ..site.clone() },
        name: Value::string(name.clone()),
        plan: plan.clone(),
        role: setting(body, "iam_role_arn", account),
        resources: Vec::new(),
        not_resources: Vec::new(),
        tags: Vec::new(),
        conditions,
        open: None,
    }
}

fn not_known(value: Option<&Value>, span: Span) -> Value {
    let text = value.map_or_else(|| "nothing is listed".to_owned(), |value| why(value, span).text);
    Value::new(Kind::Unknown(Arc::new(Unknown::new(Reason::Derived(text.into()), Some(span)))))
}

/// The entries of an object, operators (`@@…`) left out.
fn entries(value: Option<&Value>) -> Vec<(&Arc<str>, &Entry)> {
    let all = value.and_then(Value::as_map).map(|map| map.entries.iter()).into_iter().flatten();
    all.filter(|(name, _)| !name.starts_with("@@")).collect()
}

fn is_open(value: &Value) -> bool {
    value.as_map().is_none_or(|map| map.open.is_some())
}

/// Why an object may have further entries; `None` where it cannot.
fn more(value: Option<&Value>) -> Option<Value> {
    let value = value.filter(|value| is_open(value) && !value.is_null())?;
    match value.as_map().and_then(|map| map.open.clone()) {
        Some(open) => Some(Value { span: value.span, ..Value::new(Kind::Unknown(open)) }),
        None => Some(value.clone()),
    }
}

/// The values of a list leaf; `None` where they are not known.
fn leaves(value: Option<&Value>) -> Option<Vec<Value>> {
    let value = value?;
    match &value.kind {
        Kind::Seq(seq) if seq.open.is_none() => Some(seq.items.clone()),
        Kind::String(_) | Kind::Template(_) | Kind::Ref(_) => Some(vec![value.clone()]),
        _ => None,
    }
}

/// A leaf as a setting; `$account` is the account that the policy takes effect in.
fn setting(body: &Value, name: &str, account: &Account) -> Option<Setting> {
    let entry = body.as_map()?.entries.get(name)?;
    let value = &entry.value;
    let span = entry.span.or(value.span)?;
    Some(Setting { value: placed(value, account), span })
}

fn placed(value: &Value, account: &Account) -> Value {
    replaced(value, "$account", &account_value(account))
}

fn replaced(value: &Value, name: &str, with: &Value) -> Value {
    match &value.kind {
        Kind::String(text) if text.contains(name) => {
            if let Some(known) = with.as_str() {
                return Value { span: value.span, ..Value::string(text.replace(name, known)) };
            }
            let mut parts = Vec::new();
            for (at, piece) in text.split(name).enumerate() {
                if at > 0 {
                    parts.push(with.clone());
                }
                parts.push(Value::string(piece));
            }
            Value { span: value.span, ..Value::new(Kind::Template(parts.into())) }
        }
        Kind::Template(parts) => {
            let parts = parts.iter().map(|part| replaced(part, name, with)).collect();
            Value { span: value.span, ..Value::new(Kind::Template(parts)) }
        }
        _ => value.clone(),
    }
}

/// `$region` is the Region that the plan runs in.
fn in_region(value: &Value, region: &Region) -> Value {
    let here = match region {
        Known::Is(region) => Value::string(region.clone()),
        Known::Symbol(name) => {
            let mut unknown = Unknown::new(Reason::Region(name.clone()), None);
            unknown.symbol = Some(name.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    };
    replaced(value, "$region", &here)
}

fn account_value(account: &Account) -> Value {
    match account {
        Known::Is(id) => Value::string(id.as_str()),
        Known::Symbol(name) => {
            let mut unknown = Unknown::new(Reason::Account(name.clone()), None);
            unknown.symbol = Some(name.clone());
            Value::new(Kind::Unknown(Arc::new(unknown)))
        }
    }
}
