//! The frontend for what Terraform prints: a plan or a state as JSON, and the state as Terraform stores it.
//!
//! It ends at the neutral [`Resource`]. Places are bytes of the file; values are read from it only for the resources that
//! are wanted, so that a plan of any size costs little more than finding its ends.

pub(crate) mod archive;
mod document;
mod places;
mod references;
mod values;
mod walk;

use crate::aws::{Arn, Known, Place};
use crate::diagnostic::Diagnostic;
use crate::json;
use crate::resource::{Given, Language, LoadSettings, Resource, Stack, Unit, Unread};
use crate::source::{FileId, Sources, Span};
use crate::value::{Existence, Kind, StackId, Value};
use document::{Change, Configuration, Document, Module, Output, ResourceRecord, StateFile, Wanted};
use places::{Evidence, places, symbol};
use references::{Addresses, References, Site};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use values::{Piece, Reader, object};
use walk::Broken;

/// Of a plan of some resources only: others may be there.
const INCOMPLETE: &str =
    "the plan is not complete: Terraform ended with an error, put some resources off, or was asked for some alone";

/// How far into a file its form shows (bytes).
const HEAD: usize = 4096;

/// Whether the text is a plan or state that Terraform printed, or a state as it stores it.
pub(crate) fn recognise(text: &str) -> bool {
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default().trim_start_matches('\u{feff}').trim_start();
    let has = |key: &str| head.contains(key);
    let stored = has("\"version\"") && has("\"serial\"") && has("\"lineage\"");
    head.starts_with('{') && has("\"terraform_version\"") && (has("\"format_version\"") || stored)
}

/// Whether what was recognised is a state: it holds neither variables nor planned values.
pub(crate) fn is_state(text: &str) -> bool {
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default();
    !["\"planned_values\"", "\"resource_changes\"", "\"variables\":"].iter().any(|key| head.contains(key))
}

/// A resource or data source as the file holds it.
struct Item<'a> {
    address: Cow<'a, str>,
    at: Span,
    kind: Cow<'a, str>,
    data: bool,
    /// Where the configuration does not tell it: the provider, as a stored state names it.
    provider: Option<Cow<'a, str>>,
    values: Option<&'a RawValue>,
    unknown: Option<&'a RawValue>,
    sensitive: Option<Cow<'a, str>>,
}

/// Reads the plan or state at `unit.path`; of a state its outputs too, as an object. Resources of types that are not `wanted` are left out.
pub(crate) fn load(
    sources: &Sources,
    unit: &Unit,
    id: StackId,
    settings: &LoadSettings,
    wanted: Wanted<'_>,
) -> (Stack, Option<Value>, Vec<Diagnostic>) {
    let empty = || Stack {
        id,
        unit: unit.name.clone(),
        language: Language::Plan,
        place: Place { account: symbol(None, "account", "aws", unit), region: symbol(None, "Region", "aws", unit) },
        resources: Vec::new(),
        unread: Vec::new(),
        given: Given::default(),
    };
    let file = match sources.load(&unit.path) {
        Ok(file) => file,
        Err(error) => return (empty(), None, vec![Diagnostic::unreadable(unit.path.as_str(), error.to_string())]),
    };
    sources.mark_data(file);
    let text = sources.text(file);
    let body = text.trim_start_matches('\u{feff}');
    let wanted = |kind: &str| settings.all_types || wanted(kind);
    let stored = body.get(..body.len().min(HEAD)).is_some_and(|head| !head.contains("\"format_version\""));
    let loader = Loader { sources, unit, id, file, text: &text, wanted: &wanted };
    let done = if stored { loader.stored(body) } else { loader.printed(body) };
    match done {
        Ok(done) => done,
        Err(Broken { at, message }) => {
            let at = (text.len() - body.len() + at).min(text.len());
            let message = format!("not a plan or state: {message}");
            (empty(), None, vec![Diagnostic::bad_input(Span::new(file, at..at), message)])
        }
    }
}

struct Loader<'l> {
    sources: &'l Sources,
    unit: &'l Unit,
    id: StackId,
    file: FileId,
    text: &'l str,
    wanted: Wanted<'l>,
}

type Loaded = Result<(Stack, Option<Value>, Vec<Diagnostic>), Broken>;

impl<'l> Loader<'l> {
    /// Where a piece of the text stands in the file.
    fn offset(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn span(&self, raw: &RawValue) -> Span {
        let start = self.offset(raw.get());
        Span::new(self.file, start..start + raw.get().len())
    }

    fn piece(&self, raw: &RawValue) -> Option<Piece> {
        let base = self.offset(raw.get());
        json::read(self.file, raw.get()).0.map(|node| Piece { node, base })
    }

    /// What `terraform show -json` prints.
    fn printed(&self, body: &'l str) -> Loaded {
        let mut document: Document<'l> = Document::read(body, self.wanted)?;
        let mut diagnostics = Vec::new();
        let version = document.format_version.as_deref().unwrap_or_default();
        if !version.starts_with("1.") && !version.starts_with("0.") {
            diagnostics.push(Diagnostic::bad_input(
                Span::new(self.file, 0..0),
                format!("format {version} of plan JSON is not known; this version reads 1.x"),
            ));
        }
        if document.errored || document.complete == Some(false) {
            diagnostics.push(Diagnostic::not_evaluated(Span::new(self.file, 0..0), INCOMPLETE));
        }
        let incomplete = document.errored || document.complete == Some(false);
        let mut items: BTreeMap<String, Item<'l>> = BTreeMap::new();
        let mut gone: BTreeSet<String> = BTreeSet::new();
        let others = std::mem::take(&mut document.others);
        let text_of_others = OnceCell::new();
        let mut all: Vec<Cow<'l, str>> = Vec::new();
        for change in document.resource_changes.iter().flatten().filter(|change| change.deposed.is_none()) {
            let address = text_of(change.address);
            let parsed: Change<'l> = match change.change {
                Some(raw) => {
                    let base = self.offset(raw.get()) - self.offset(body);
                    serde_json::from_str(raw.get()).map_err(|error| Broken::within(body, base, &error))?
                }
                None => Change::default(),
            };
            if !parsed.actions.is_empty()
                && parsed.actions.iter().all(|action| matches!(&**action, "delete" | "forget"))
            {
                gone.insert(address.into_owned());
                continue;
            }
            all.push(address.clone());
            let item = self.item(change, parsed.after, parsed.after_unknown, parsed.after_sensitive);
            items.insert(address.into_owned(), item);
        }
        // What a plan leaves alone is not among its changes where only some resources are its targets.
        let planned = document.planned_values.as_ref().or(document.values.as_ref());
        let prior = document.prior_state.as_ref().and_then(|state| state.values.as_ref());
        for (values, data_only) in planned.map(|values| (values, false)).into_iter().chain(prior.map(|v| (v, true))) {
            self.collect(&values.root_module, data_only, &gone, &mut items, &mut all);
        }
        let empty = Configuration { provider_config: BTreeMap::new(), root_module: Default::default() };
        let has_configuration = document.configuration.is_some();
        let configuration = document.configuration.as_ref().unwrap_or(&empty);
        // A plan may have hundreds of thousands of others: their addresses are one text, made where one is asked for.
        let joined = || {
            let mut text = String::with_capacity(others.iter().map(|address| address.get().len()).sum());
            for address in &others {
                text.push_str(&text_of(address));
                text.push('\n');
            }
            text
        };
        let kept = || all.iter().map(|address| &**address).collect();
        let every = || {
            let others = text_of_others.get_or_init(joined).split_terminator('\n');
            others.chain(all.iter().map(|address| &**address)).collect()
        };
        let references = References::new(configuration, Addresses { wanted: self.wanted, kept: &kept, all: &every });
        let variables: BTreeMap<String, Json> =
            document.variables.into_iter().map(|(name, variable)| (name, variable.value)).collect();
        let mut stack = self.resources(items, has_configuration.then_some(&references), configuration, &variables);
        if incomplete {
            let (what, why) = (self.unit.path.as_str().into(), INCOMPLETE.into());
            stack.unread.push(Unread { what, why, span: Span::new(self.file, 0..0), kind: None, of: None });
        }
        let state = document.values.as_ref().filter(|_| document.planned_values.is_none());
        if state.is_some() {
            stack.language = Language::State;
        }
        Ok((stack, state.map(|values| self.outputs(&values.outputs)), diagnostics))
    }

    /// The record's resource, with the values that the record or its change has.
    fn item(
        &self,
        record: &ResourceRecord<'l>,
        values: Option<&'l RawValue>,
        unknown: Option<&'l RawValue>,
        sensitive: Option<&'l RawValue>,
    ) -> Item<'l> {
        Item {
            address: text_of(record.address),
            at: self.span(record.address),
            kind: record.kind.clone(),
            data: record.mode == "data",
            provider: None,
            values,
            unknown,
            sensitive: sensitive.map(|raw| Cow::Borrowed(raw.get())),
        }
    }

    /// Resources of a module and those below it that are not among the items.
    fn collect(
        &self,
        module: &Module<'l>,
        data_only: bool,
        gone: &BTreeSet<String>,
        items: &mut BTreeMap<String, Item<'l>>,
        all: &mut Vec<Cow<'l, str>>,
    ) {
        for resource in &module.resources {
            if data_only && resource.mode != "data" {
                continue;
            }
            let address = text_of(resource.address);
            if items.contains_key(&*address) || gone.contains(&*address) {
                continue;
            }
            all.push(address.clone());
            let item = self.item(resource, resource.values, None, resource.sensitive_values);
            items.insert(address.into_owned(), item);
        }
        for child in &module.child_modules {
            self.collect(child, data_only, gone, items, all);
        }
    }

    /// A state as Terraform stores it.
    fn stored(&self, body: &'l str) -> Loaded {
        let document: StateFile<'l> = serde_json::from_str(body).map_err(|error| Broken::within(body, 0, &error))?;
        let mut diagnostics = Vec::new();
        if document.version != 4 {
            diagnostics.push(Diagnostic::bad_input(
                Span::new(self.file, 0..0),
                format!("version {} of a state is not known; this version reads 4", document.version),
            ));
        }
        let mut items = BTreeMap::new();
        for resource in &document.resources {
            if !(self.wanted)(&resource.kind) {
                continue;
            }
            let name = text_of(resource.name);
            let data = resource.mode == "data";
            let module = resource.module.as_ref().map_or_else(String::new, |module| format!("{module}."));
            let base = format!("{module}{}{}.{name}", if data { "data." } else { "" }, resource.kind);
            for instance in resource.instances.iter().filter(|instance| instance.deposed.is_none()) {
                let key = instance.index_key.as_ref().map_or_else(String::new, |key| format!("[{key}]"));
                let address = format!("{base}{key}");
                let item = Item {
                    at: self.span(resource.name),
                    kind: resource.kind.clone(),
                    data,
                    provider: resource.provider.clone(),
                    values: instance.attributes,
                    unknown: None,
                    sensitive: Some(mask(&instance.sensitive_attributes).into()),
                    address: address.clone().into(),
                };
                items.insert(address, item);
            }
        }
        let empty = Configuration { provider_config: BTreeMap::new(), root_module: Default::default() };
        let mut stack = self.resources(items, None, &empty, &BTreeMap::new());
        stack.language = Language::State;
        Ok((stack, Some(self.outputs(&document.outputs)), diagnostics))
    }

    /// A state's outputs as an object.
    fn outputs(&self, outputs: &BTreeMap<String, Output<'l>>) -> Value {
        let names = RefCell::default();
        let documents = BTreeMap::new();
        let reader = Reader { file: self.file, stack: self.id, references: None, documents: &documents, names: &names };
        let values = outputs.iter().filter_map(|(name, output)| {
            let piece = self.piece(output.value?)?;
            let value = reader.plain(name, &piece)?;
            Some((name.as_str(), Value { sensitive: output.sensitive, ..value }))
        });
        Value::object(values)
    }

    fn resources(
        &self,
        items: BTreeMap<String, Item<'l>>,
        references: Option<&References<'_>>,
        configuration: &Configuration<'_>,
        variables: &BTreeMap<String, Json>,
    ) -> Stack {
        let names = RefCell::new(BTreeSet::new());
        let mut documents: BTreeMap<String, Value> = BTreeMap::new();
        let mut read: Vec<(Item<'l>, Value, String)> = Vec::new();
        let mut evidence: BTreeMap<String, Evidence> = BTreeMap::new();
        // Documents first: policies refer to them, also from modules that come before.
        let (first, rest): (Vec<_>, Vec<_>) =
            items.into_values().partition(|item| item.data && item.kind == "aws_iam_policy_document");
        for item in first.into_iter().chain(rest) {
            let reader = Reader { file: self.file, stack: self.id, references, documents: &documents, names: &names };
            let site = Site::parse(&item.address).unwrap_or_default();
            let configured = references.and_then(|references| references.resource(&site));
            let expressions = configured
                .and_then(|resource| references.map(|references| references.expressions(resource)))
                .unwrap_or_default();
            let after = item.values.and_then(|raw| self.piece(raw));
            let unknown = item.unknown.and_then(|raw| self.piece(raw));
            let sensitive = item.sensitive.as_deref().and_then(|text| json::read(self.file, text).0);
            let mut attributes = reader.attributes(
                after.as_ref(),
                unknown.as_ref(),
                sensitive.as_ref(),
                &expressions,
                &site,
                &item.kind,
            );
            attributes.span = Some(item.at);
            let key = match (configured.and_then(|resource| resource.provider_config_key.clone()), &item.provider) {
                (Some(key), _) => key.into_owned(),
                (None, Some(provider)) => provider_key(provider),
                (None, None) => "aws".to_owned(),
            };
            // Without a configuration all that is known of a resource's provider is the resource itself.
            let key =
                if references.is_none() && item.provider.is_none() { format!("of {}", item.address) } else { key };
            evidence.entry(key.clone()).or_default().note(&item.kind, item.data, &attributes);
            if item.data && item.kind == "aws_iam_policy_document" {
                let known = attributes.get("json").filter(|json| json.text().is_some()).cloned();
                let rendered = known.unwrap_or_else(|| crate::terraform::policy_document(&attributes));
                documents.insert(item.address.to_string(), Value { span: Some(item.at), ..rendered });
            }
            if let Some(mask) = unknown.as_ref().filter(|_| has_default_tags(configuration, &key)) {
                unknown_tags(mask, &mut attributes, &item);
            }
            read.push((item, attributes, key));
        }
        let mut places = places(self.unit, &configuration.provider_config, variables, &evidence);
        // A printed state does not tell the providers: where all that says where it is lies in one place, so does the rest.
        if references.is_none()
            && let Some(only) = Evidence::common(evidence.values())
        {
            for place in places.values_mut() {
                *place = Place {
                    account: only.0.map_or_else(|| place.account.clone(), Known::Is),
                    region: only.1.clone().map_or_else(|| place.region.clone(), Known::Is),
                };
            }
        }
        let fallback = |key: &str| Place {
            account: symbol(None, "account", key, self.unit),
            region: symbol(None, "Region", key, self.unit),
        };
        let mut resources: Vec<Resource> = read
            .into_iter()
            .map(|(item, attributes, key)| {
                let mut place = places.get(&key).cloned().unwrap_or_else(|| fallback(&key));
                if let Some(region) =
                    attributes.get("region").and_then(Value::text).filter(|_| item.kind != "aws_region")
                {
                    place.region = Known::Is(region);
                }
                // A resource that exists says itself where it is.
                let own = attributes.get("arn").or_else(|| attributes.get("backup_vault_arn"));
                if let Some(arn) = own.and_then(Value::text).filter(|_| !item.data)
                    && let Some(arn) = Arn::parse(&arn)
                {
                    if let Some(account) = crate::aws::AccountId::parse(arn.account) {
                        place.account = Known::Is(account);
                    }
                    if !arn.region.is_empty() {
                        place.region = Known::Is(arn.region.into());
                    }
                }
                Resource {
                    stack: self.id,
                    address: item.address.as_ref().into(),
                    kind: item.kind.as_ref().into(),
                    data: item.data,
                    place: place.into(),
                    attributes: crate::value::hide(&item.kind, attributes, self.sources),
                    span: item.at,
                    header: item.at,
                    chain: Arc::from([]),
                    exists: Existence::Certain,
                    imported_id: None,
                }
            })
            .collect();
        resources.sort_by(|a, b| a.address.cmp(&b.address));
        let place = places.get("aws").cloned().unwrap_or_else(|| fallback("aws"));
        Stack {
            id: self.id,
            unit: self.unit.name.clone(),
            language: Language::Plan,
            place,
            resources,
            unread: Vec::new(),
            given: Given::default(),
        }
    }
}

/// The string that the raw value holds.
fn text_of(raw: &RawValue) -> Cow<'_, str> {
    match raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => Cow::Borrowed(text),
        _ => Cow::Owned(serde_json::from_str(raw.get()).unwrap_or_default()),
    }
}

/// `provider["registry.terraform.io/hashicorp/aws"].dest`, also after `module.m.`, as the keys of a plan name it.
fn provider_key(provider: &str) -> String {
    let (module, rest) = match provider.split_once("provider[") {
        Some((module, rest)) => (module.trim_end_matches('.'), rest),
        None => ("", provider),
    };
    let (source, alias) = rest.split_once(']').unwrap_or((rest, ""));
    let name = source.trim_matches('"').rsplit('/').next().unwrap_or_default();
    let module = if module.is_empty() { String::new() } else { format!("{module}:") };
    format!("{module}{name}{alias}")
}

/// Whether the provider configuration adds tags of its own.
fn has_default_tags(configuration: &Configuration<'_>, key: &str) -> bool {
    let expressions = configuration.provider_config.get(key).and_then(|config| config.expressions);
    expressions.is_some_and(|raw| raw.get().contains("\"default_tags\""))
}

/// All tags are not known where the provider's own are not: the resource's alone do not tell.
fn unknown_tags(mask: &Piece, attributes: &mut Value, item: &Item<'_>) {
    let unknown = object(&mask.node)
        .iter()
        .any(|(key, mask)| key.text == "tags_all" && matches!(mask.kind, json::NodeKind::Bool(true)));
    let Kind::Map(map) = &mut attributes.kind else { return };
    if unknown {
        let reason =
            crate::value::Reason::Derived("the provider's default tags are known after the plan is applied".into());
        let value = Value::unknown(reason, Some(item.at));
        Arc::make_mut(map).entries.insert("tags_all".into(), crate::value::Entry { value, span: None });
    }
}

/// A stored state's paths to sensitive attributes as the mask that a printed one has: whole attributes.
fn mask(paths: &Json) -> String {
    let first = |path: &Json| Some((path.get(0)?.get("value")?.as_str()?.to_owned(), Json::Bool(true)));
    let map: serde_json::Map<String, Json> =
        paths.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(first).collect();
    Json::Object(map).to_string()
}
