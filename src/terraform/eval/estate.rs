//! What one unit reads of another: outputs through the state, values through parameters.

use super::expand::SELF;
use super::{Demand, Evaluator, Instance, Scope};
use crate::aws::Place;
use crate::diagnostic::Diagnostic;
use crate::resource::{Given, LoadSettings, Published, Resource, State, Unit};
use crate::source::{Sources, Span, join, normalize, read_in_passing, uses_unit};
use crate::terraform::Modules;
use crate::terraform::ast::Block;
use crate::terraform::module::ResourceBlock;
use crate::value::{Branch, Entry, Guard, Kind, Map, Reason, Ref, Seq, StackId, Value};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// All Terraform units of a run, each evaluated on demand.
pub(in crate::terraform) struct Estate<'a> {
    sources: &'a Sources,
    modules: &'a Modules,
    units: &'a [(StackId, &'a Unit)],
    settings: &'a LoadSettings,
    evaluators: RefCell<BTreeMap<StackId, Rc<Evaluator<'a>>>>,
    /// Units by their directories.
    places: OnceCell<HashMap<String, Vec<(StackId, &'a Unit)>>>,
    published: &'a Published,
    /// Every `aws_ssm_parameter` block in an instance; `None` while they are being found.
    parameters: RefCell<Option<Option<Rc<Vec<Parameter<'a>>>>>>,
}

/// A block that writes a parameter.
struct Parameter<'a> {
    evaluator: Rc<Evaluator<'a>>,
    instance: Rc<Instance>,
    at: usize,
    /// The name and place, where the block has one instance.
    single: OnceCell<Option<(Arc<str>, Place)>>,
}

impl<'a> Estate<'a> {
    /// An estate of these units, none of them evaluated.
    pub(super) fn new(
        sources: &'a Sources,
        modules: &'a Modules,
        units: &'a [(StackId, &'a Unit)],
        settings: &'a LoadSettings,
        published: &'a Published,
    ) -> Rc<Self> {
        let (evaluators, parameters) = (RefCell::default(), RefCell::default());
        Rc::new(Self { sources, modules, units, settings, evaluators, places: OnceCell::new(), published, parameters })
    }

    /// The evaluator of a unit, made at the first call.
    pub(super) fn evaluator(self: &Rc<Self>, id: StackId, unit: &'a Unit) -> Rc<Evaluator<'a>> {
        let made = self.evaluators.borrow().get(&id).cloned();
        made.unwrap_or_else(|| {
            let mut evaluator = Evaluator::new(self.sources, self.modules, unit, id, self.settings);
            evaluator.estate = Some(self.clone());
            let evaluator = Rc::new(evaluator);
            self.evaluators.borrow_mut().insert(id, evaluator.clone());
            evaluator
        })
    }

    /// What the evaluators found to tell, those too that were asked by another one.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        self.evaluators.borrow().values().flat_map(|evaluator| evaluator.diagnostics.take()).collect()
    }

    /// Ends the circle of evaluators that know the estate.
    pub(super) fn dissolve(&self) {
        self.evaluators.borrow_mut().clear();
        *self.parameters.borrow_mut() = None;
    }

    /// The first unit in the directory other than `own`.
    pub(super) fn at(self: &Rc<Self>, dir: &str, own: StackId) -> Option<Rc<Evaluator<'a>>> {
        let places = self.places.get_or_init(|| {
            let mut places: HashMap<String, Vec<(StackId, &'a Unit)>> = HashMap::new();
            for (id, unit) in self.units {
                places.entry(normalize(&unit.path)).or_default().push((*id, unit));
            }
            places
        });
        let (id, unit) = places.get(&normalize(dir))?.iter().find(|(id, _)| *id != own)?;
        self.modules.stay();
        Some(self.evaluator(*id, unit))
    }

    /// The units other than `own` that the Terragrunt stack in the directory makes, by the names of their blocks.
    pub(super) fn made_by(self: &Rc<Self>, dir: &str, own: StackId) -> Vec<(Arc<str>, Rc<Evaluator<'a>>)> {
        let dir = normalize(dir);
        self.modules.stay();
        let made = self.units.iter().filter(|(id, _)| *id != own).filter_map(|(id, unit)| {
            let made_by = unit.deployment.made_by.as_ref().filter(|made_by| made_by.dir == dir)?;
            Some((made_by.name.clone(), self.evaluator(*id, unit)))
        });
        made.collect()
    }

    pub(super) fn others(self: &Rc<Self>) -> Vec<Rc<Evaluator<'a>>> {
        self.modules.stay();
        self.units.iter().map(|(id, unit)| self.evaluator(*id, unit)).collect()
    }

    /// Blocks that write parameters, in all units.
    fn parameters(self: &Rc<Self>) -> Option<Rc<Vec<Parameter<'a>>>> {
        if let Some(found) = &*self.parameters.borrow() {
            return found.clone();
        }
        *self.parameters.borrow_mut() = Some(None);
        let mut out = Vec::new();
        for evaluator in self.others() {
            uses_unit(evaluator.stack.0);
            let mut instances = Vec::new();
            evaluator.instances(&evaluator.root(), &mut instances, 0);
            for instance in instances {
                for (at, block) in instance.module.resources.iter().enumerate() {
                    if !block.data && &*block.kind == "aws_ssm_parameter" {
                        out.push(Parameter {
                            evaluator: evaluator.clone(),
                            instance: instance.clone(),
                            at,
                            single: OnceCell::new(),
                        });
                    }
                }
            }
        }
        let out = Rc::new(out);
        *self.parameters.borrow_mut() = Some(Some(out.clone()));
        Some(out)
    }

    /// The value of the parameter of this name in this account and Region, where exactly one unit writes it.
    fn parameter(self: &Rc<Self>, name: &str, place: &Place) -> Option<Value> {
        let same = |other: &Place| {
            other.account.same(&place.account) == Some(true) && other.region.same(&place.region) == Some(true)
        };
        let others = self.published.parameters.iter();
        let mut found: Vec<Value> = others
            .filter(|parameter| &*parameter.name == name && same(&parameter.place))
            .map(|parameter| parameter.value.clone())
            .collect();
        for parameter in self.parameters()?.iter() {
            let Some(block) = parameter.instance.module.resources.get(parameter.at) else { continue };
            let single = parameter.single.get_or_init(|| parameter.evaluator.sole_name(&parameter.instance, block));
            if single.as_ref().is_some_and(|(own, at)| **own != *name || !same(at)) {
                continue;
            }
            let expansion = parameter.evaluator.expansion(&parameter.instance, parameter.at);
            for resource in &expansion.resources {
                let own = resource.get("name").and_then(Value::text);
                if own.as_deref() == Some(name) && same(&resource.place) {
                    let value = resource.get("value").or_else(|| resource.get("insecure_value"));
                    found.extend(value.cloned());
                }
            }
        }
        if found.is_empty() {
            let elsewhere = self.published.elsewhere.parameters.iter();
            let named = elsewhere.filter(|parameter| &*parameter.name == name && same(&parameter.place));
            found.extend(named.map(|parameter| parameter.value.clone()));
        }
        match found.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// The states of exported estates that these settings lead to.
    fn kept(&self, wanted: &Backend) -> Vec<&'a State> {
        let all = self.published.elsewhere.states.iter();
        let backend = |state: &State| Backend {
            kind: state.backend.clone(),
            parts: state.settings.clone(),
            workspace: state.workspace.clone(),
        };
        all.filter(|state| backend(state).same(wanted, ("", ""))).collect()
    }
}

impl<'a> Evaluator<'a> {
    /// The instance and all below it.
    fn instances(&self, instance: &Rc<Instance>, out: &mut Vec<Rc<Instance>>, depth: usize) {
        if depth > 50 {
            return;
        }
        out.push(instance.clone());
        for name in instance.module.calls.keys() {
            for (_, child) in &self.call(instance, name).instances {
                self.instances(child, out, depth + 1);
            }
        }
    }

    /// The parameter's name and place, where the block has neither `count` nor `for_each`.
    fn sole_name(&self, instance: &Rc<Instance>, block: &ResourceBlock) -> Option<(Arc<str>, Place)> {
        let body = &block.block.body;
        if body.attribute("count").is_some()
            || body.attribute("for_each").is_some()
            || body.attribute("region").is_some()
        {
            return None;
        }
        let scope = Scope::new(instance);
        let name = self.value(&body.attribute("name")?.value, &scope).text()?;
        Some((name, Place::clone(&self.provider_of(&block.block, &block.kind, &scope).place)))
    }

    /// `data.aws_ssm_parameter.x.value`: what the unit that writes the parameter gives it.
    pub(super) fn parameter_value(&self, resource: &Resource, header: Span) -> Value {
        let place = &resource.place;
        let name = resource.get("name").and_then(Value::text);
        let found =
            name.as_ref().and_then(|name| self.estate.as_ref().and_then(|estate| estate.parameter(name, place)));
        found.unwrap_or_else(|| {
            let reason = match name {
                Some(name) => Reason::Derived(
                    format!(
                        "no loaded unit is known to write the parameter `{name}` in account {} and Region {}",
                        place.account, place.region
                    )
                    .into(),
                ),
                None => Reason::DataSource(resource.address.clone()),
            };
            Value::unknown(reason, Some(header))
        })
    }

    /// `….outputs`, or with `output` one of them, of the data source's state.
    pub(super) fn state_outputs(&self, resource: &Resource, output: Option<&Arc<str>>) -> Value {
        let wanted = match Backend::read(resource) {
            Ok(wanted) => wanted,
            Err(why) => return Value::unknown(Reason::Derived(why.into()), Some(resource.header)),
        };
        let estate = self.estate.as_ref();
        let mut matching: Vec<Rc<Evaluator<'a>>> = Vec::new();
        read_in_passing(|| {
            for other in estate.map(|estate| estate.others()).unwrap_or_default() {
                let places = (other.unit.path.as_str(), self.unit.path.as_str());
                if other.stack != self.stack && other.backend().is_some_and(|own| own.same(&wanted, places)) {
                    matching.push(other.clone());
                }
            }
        });
        if let [other] = matching.as_slice() {
            uses_unit(other.stack.0);
            let root = other.root();
            return match output {
                Some(name) if root.module.outputs.contains_key(name) || root.module.incomplete => {
                    conditions_of(other, other.demand(&root, Demand::Output(name.clone())))
                }
                Some(name) => {
                    let text = format!("`{}` has no output `{name}`", other.unit.name);
                    Value::unknown(Reason::Derived(text.into()), Some(resource.header))
                }
                None => Value::object(root.module.outputs.keys().map(|name| {
                    (name.clone(), conditions_of(other, other.demand(&root, Demand::Output(name.clone()))))
                })),
            };
        }
        let kept = estate.filter(|_| matching.is_empty()).map(|estate| estate.kept(&wanted)).unwrap_or_default();
        if let [only] = kept.as_slice() {
            return match output {
                Some(name) => only.outputs.get(name).cloned().unwrap_or_else(|| {
                    let text = format!("the unit that keeps its state at {wanted} has no output `{name}`");
                    Value::unknown(Reason::Derived(text.into()), Some(resource.header))
                }),
                None => only.outputs.clone(),
            };
        }
        // A state file at the very path.
        if wanted.kind == "local"
            && let Some(path) = wanted.parts.get("path")
            && let Some(state) = estate.and_then(|estate| estate.published.states.get(&join(&self.unit.path, path)))
        {
            let found = match output {
                Some(name) => state.get(name).cloned(),
                None => Some(state.clone()),
            };
            if let Some(found) = found {
                return found;
            }
        }
        let of = if matching.is_empty() && kept.is_empty() { "no loaded unit" } else { "more than one loaded unit" };
        let text = format!(
            "{of} keeps its state at {wanted}; check that root module too, or name its state in crossvault.toml: \
             `backend = {{ … }}` under its [[deployment]]"
        );
        Value::unknown(Reason::Derived(text.into()), Some(resource.header))
    }

    /// The outputs, where another repository can name the state that they are kept in.
    pub(super) fn given(&self, root: &Rc<Instance>) -> Given {
        let Some(mut backend) = self.backend().filter(|backend| backend.kind != "local") else {
            return Given::default();
        };
        let names = backend.names();
        if names.is_empty() || !names.iter().all(|name| backend.parts.contains_key(*name)) {
            return Given::default();
        }
        // Other settings may be credentials.
        backend.parts.retain(|name, _| names.contains(&name.as_str()) || name == "workspace_key_prefix");
        let outputs = root.module.outputs.keys();
        let outputs =
            Value::object(outputs.map(|name| (name.clone(), self.demand(root, Demand::Output(name.clone())))));
        let Backend { kind, parts, workspace } = backend;
        let state = State { backend: kind, settings: parts, workspace, outputs };
        Given { states: vec![state], ..Given::default() }
    }

    /// Where this unit keeps its state.
    fn backend(&self) -> Option<Backend> {
        let deployment = &self.unit.deployment;
        let root = self.root();
        let workspace = self.workspace();
        if !deployment.backend.is_empty() {
            let mut parts: BTreeMap<String, String> = deployment.backend.iter().cloned().collect();
            let kind = parts.remove("type").unwrap_or_else(|| guessed(&parts).to_owned());
            return Some(Backend { kind, parts, workspace });
        }
        if let Some((kind, settings)) = &*self.kept.borrow() {
            let mut parts = BTreeMap::new();
            for (name, entry) in settings.as_map().map(|map| &map.entries).into_iter().flatten() {
                add(name, &entry.value, &mut parts);
            }
            return Some(Backend { kind: kind.text()?.to_string(), parts, workspace });
        }
        let Some(block) = &root.module.backend else {
            let parts = BTreeMap::from([("path".to_owned(), "terraform.tfstate".to_owned())]);
            return (!root.module.incomplete).then_some(Backend { kind: "local".to_owned(), parts, workspace });
        };
        let kind = match &*block.kind {
            "cloud" => "remote".to_owned(),
            _ => block.labels.first()?.0.to_string(),
        };
        let mut parts = BTreeMap::new();
        self.texts(block, &root, &mut parts);
        if kind == "local" {
            parts.entry("path".to_owned()).or_insert_with(|| "terraform.tfstate".to_owned());
        }
        Some(Backend { kind, parts, workspace })
    }

    /// The block's attributes that are known, those of `workspaces { name = … }` as `workspaces.name`.
    fn texts(&self, block: &Block, root: &Rc<Instance>, out: &mut BTreeMap<String, String>) {
        for attribute in &block.body.attributes {
            let value = self.value(&attribute.value, &Scope::new(root));
            add(&attribute.name, &value, out);
        }
        for inner in block.body.blocks("workspaces") {
            for attribute in &inner.body.attributes {
                let value = self.value(&attribute.value, &Scope::new(root));
                add(&format!("workspaces.{}", attribute.name), &value, out);
            }
        }
    }
}

fn add(name: &str, value: &Value, out: &mut BTreeMap<String, String>) {
    match &value.kind {
        Kind::Map(map) => {
            for (key, entry) in &map.entries {
                add(&format!("{name}.{key}"), &entry.value, out);
            }
        }
        _ => {
            if let Some(text) = value.text() {
                out.insert(name.to_owned(), text.to_string());
            }
        }
    }
}

/// The backend that has these settings.
fn guessed(parts: &BTreeMap<String, String>) -> &'static str {
    let has = |key: &str| parts.contains_key(key);
    match () {
        () if has("bucket") && has("key") => "s3",
        () if has("bucket") => "gcs",
        () if has("storage_account_name") => "azurerm",
        () if has("organization") => "remote",
        () => "local",
    }
}

/// Where a state is kept.
#[derive(Debug)]
struct Backend {
    kind: String,
    /// Settings by name, those of objects with a dot.
    parts: BTreeMap<String, String>,
    workspace: String,
}

impl Backend {
    /// As a `terraform_remote_state` or `tfe_outputs` data source names it; `Err` in words where that is not known.
    fn read(resource: &Resource) -> Result<Self, String> {
        let mut parts = BTreeMap::new();
        if &*resource.kind == "tfe_outputs" {
            for (name, key) in [("organization", "organization"), ("workspace", "workspaces.name")] {
                if let Some(value) = resource.get(name) {
                    add(key, value, &mut parts);
                }
            }
            let unknown = !parts.contains_key("workspaces.name");
            return match unknown {
                true => Err(format!("which workspace `{}` reads is not known", resource.address)),
                false => Ok(Self { kind: "remote".to_owned(), parts, workspace: "default".to_owned() }),
            };
        }
        let kind = resource.get("backend").and_then(Value::text);
        let kind = kind.ok_or_else(|| format!("which backend `{}` reads is not known", resource.address))?;
        if let Some(config) = resource.get("config") {
            for (name, entry) in config.as_map().map(|map| &map.entries).into_iter().flatten() {
                match &entry.value.kind {
                    // The older form writes `workspaces` as a list of one object.
                    Kind::Seq(seq) => seq.items.iter().for_each(|item| add(name, item, &mut parts)),
                    _ => add(name, &entry.value, &mut parts),
                }
            }
        }
        let workspace = match resource.get("workspace") {
            None => "default".into(),
            Some(value) => {
                value.text().ok_or_else(|| format!("which workspace `{}` reads is not known", resource.address))?
            }
        };
        let backend = Self { kind: kind.to_string(), parts, workspace: workspace.to_string() };
        match backend.names().iter().find(|name| !backend.parts.contains_key(**name)) {
            Some(missing) => Err(format!("`{missing}` of the state that `{}` reads is not known", resource.address)),
            None => Ok(backend),
        }
    }

    /// The settings that tell one state from another.
    fn names(&self) -> &'static [&'static str] {
        match self.kind.as_str() {
            "s3" => &["bucket", "key"],
            "gcs" => &["bucket", "prefix"],
            "azurerm" => &["storage_account_name", "container_name", "key"],
            "remote" => &["organization", "workspaces.name"],
            "http" => &["address"],
            "consul" => &["path"],
            "local" => &["path"],
            "oss" => &["bucket", "key"],
            "cos" => &["bucket", "key"],
            "kubernetes" => &["secret_suffix"],
            _ => &[],
        }
    }

    /// Whether `self` is the state that is wanted; both kept by root modules in these directories.
    fn same(&self, wanted: &Self, (own, reader): (&str, &str)) -> bool {
        let names = self.names();
        if self.kind != wanted.kind || names.is_empty() || self.workspace != wanted.workspace {
            return false;
        }
        // Another prefix of other workspaces leads to another object.
        if self.workspace != "default"
            && self.parts.get("workspace_key_prefix") != wanted.parts.get("workspace_key_prefix")
        {
            return false;
        }
        names.iter().all(|name| match (self.parts.get(*name), wanted.parts.get(*name)) {
            (Some(a), Some(b)) if *name == "path" && self.kind == "local" => join(own, a) == join(reader, b),
            (Some(a), Some(b)) => a.trim_start_matches('/') == b.trim_start_matches('/'),
            _ => false,
        })
    }
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self
            .names()
            .iter()
            .filter_map(|name| self.parts.get(*name).map(|value| format!("{name} `{value}`")))
            .collect();
        write!(f, "{} {}", self.kind, parts.join(", "))?;
        if self.workspace != "default" {
            write!(f, ", workspace `{}`", self.workspace)?;
        }
        Ok(())
    }
}

/// Whether a data source reads another unit's outputs.
pub(super) fn reads_state(kind: &str) -> bool {
    matches!(kind, "terraform_remote_state" | "tfe_outputs")
}

/// The name under which `kind` holds outputs.
pub(super) fn is_outputs(kind: &str, attribute: &str) -> bool {
    match kind {
        "terraform_remote_state" => attribute == "outputs",
        _ => matches!(attribute, "values" | "nonsensitive_values"),
    }
}

/// The data source that a value is the object of.
pub(super) fn of_value<'r>(value: &Value, resources: &'r [Resource]) -> Option<&'r Resource> {
    let address = value.get(SELF)?.text()?;
    resources.iter().find(|resource| resource.address == address)
}

/// A value of another unit: the same words of a condition speak of that unit's inputs, which is told beside them.
fn conditions_of(other: &Evaluator<'_>, value: Value) -> Value {
    fn told(value: &Value, of: &str) -> Value {
        let kind = match &value.kind {
            Kind::Cond(branches) => Kind::Cond(
                branches
                    .iter()
                    .map(|branch| Branch {
                        guard: Guard { text: format!("{}{of}", branch.guard.text).into(), ..branch.guard.clone() },
                        value: told(&branch.value, of),
                    })
                    .collect(),
            ),
            Kind::Seq(seq) => {
                let items = seq.items.iter().map(|item| told(item, of)).collect();
                Kind::Seq(Arc::new(Seq { items, ..(**seq).clone() }))
            }
            Kind::Map(map) => {
                let entries = map
                    .entries
                    .iter()
                    .map(|(name, entry)| (name.clone(), Entry { value: told(&entry.value, of), span: entry.span }));
                Kind::Map(Arc::new(Map { entries: entries.collect(), ..(**map).clone() }))
            }
            Kind::Document(inner) => Kind::Document(Arc::new(told(inner, of))),
            Kind::Template(parts) => Kind::Template(parts.iter().map(|part| told(part, of)).collect()),
            Kind::Ref(reference) if reference.known.is_some() => {
                let known = reference.known.as_ref().map(|known| told(known, of));
                Kind::Ref(Arc::new(Ref { known, ..(**reference).clone() }))
            }
            _ => return value.clone(),
        };
        Value { kind, span: value.span, sensitive: value.sensitive }
    }
    told(&value, &format!(" (of {})", other.unit.name))
}
