//! Which resources an expression of the configuration refers to, as far as plan JSON tells.
//!
//! Plan JSON lists what an expression refers to, longest path first; operators, functions, locals and dynamic blocks are
//! not in it. So a list of references is a set of candidates, and what the value is follows only where there is one.

use super::document::{ConfigModule, ConfigResource, Configuration, ModuleCall};
use serde_json::Value as Json;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Calls and outputs within each other are followed this far.
const DEEPEST: usize = 20;

/// What an unknown value can come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    /// Resource instances by address, each with the attribute path; empty where the whole resource is referred to.
    pub(super) resources: BTreeSet<(String, String)>,
    /// A part of the expression that cannot be followed: `local.x`, a value of `for_each`.
    pub(super) hidden: Option<String>,
    /// Whether known inputs play a part too: they may decide which candidate it is, or that it is none.
    pub(super) inputs: bool,
}

/// The configuration and the instances that the plan makes of it.
pub(super) struct References<'a> {
    root: &'a ConfigModule<'a>,
    addresses: Addresses<'a>,
    kept: OnceCell<Instances<'a>>,
    all: OnceCell<Instances<'a>>,
    expressions: RefCell<BTreeMap<*const (), Rc<Json>>>,
    /// The resources of each module of the configuration by address.
    declared: RefCell<BTreeMap<*const (), HashMap<&'a str, &'a ConfigResource<'a>>>>,
}

/// The addresses of the resource instances and data sources that the plan knows.
#[derive(Clone, Copy)]
pub(super) struct Addresses<'a> {
    /// Whether those of a type are kept: a plan may have many more of other types.
    pub(super) wanted: &'a dyn Fn(&str) -> bool,
    /// Those that are kept.
    pub(super) kept: &'a dyn Fn() -> Vec<&'a str>,
    /// All.
    pub(super) all: &'a dyn Fn() -> Vec<&'a str>,
}

/// The instances that the plan makes; many plans hold no unknown value that is looked up among them.
struct Instances<'a> {
    /// Addresses by the address without the resource's own key.
    resources: BTreeMap<&'a str, Vec<&'a str>>,
    /// `module.a["k"]` by `module.a`, below each parent instance.
    modules: BTreeMap<String, BTreeSet<String>>,
}

/// A module instance or resource instance, as its address says.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    /// Name and key (as written in the address, `"k"` or `0`) of each call.
    modules: Vec<(String, Option<String>)>,
    /// `aws_kms_key.k`, `data.aws_kms_key.k`.
    pub(super) resource: String,
    key: Option<String>,
}

impl Site {
    /// Splits an address; `None` where it is none.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let mut site = Self::default();
        let mut rest = address;
        while let Some(after) = rest.strip_prefix("module.") {
            let end = after.find(['.', '['])?;
            let (name, tail) = after.split_at(end);
            let (key, tail) = key(tail);
            rest = tail.strip_prefix('.')?;
            site.modules.push((name.to_owned(), key.map(str::to_owned)));
        }
        let end = rest.find('[').unwrap_or(rest.len());
        let (resource, tail) = rest.split_at(end);
        site.resource = resource.to_owned();
        site.key = key(tail).0.map(str::to_owned);
        Some(site)
    }
}

/// The key in brackets that `text` begins with, and what follows.
fn key(text: &str) -> (Option<&str>, &str) {
    let Some(inner) = text.strip_prefix('[') else { return (None, text) };
    let mut quoted = false;
    let mut escaped = false;
    for (at, character) in inner.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => {
                return (inner.get(..at), inner.get(at + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (None, text)
}

fn prefix(modules: &[(String, Option<String>)]) -> String {
    let mut out = String::new();
    for (name, key) in modules {
        out.push_str("module.");
        out.push_str(name);
        if let Some(key) = key {
            out.push_str(&format!("[{key}]"));
        }
        out.push('.');
    }
    out
}

impl<'a> Instances<'a> {
    fn new(addresses: Vec<&'a str>) -> Self {
        let mut resources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for address in addresses {
            let base = address.rfind(['.', '"']).and_then(|_| base(address)).unwrap_or(address);
            let all = resources.entry(base).or_default();
            if all.last() != Some(&address) {
                all.push(address);
            }
            // The modules that lead to `type.name` are the same for many.
            let mut ends = base.rmatch_indices('.').map(|(at, _)| at);
            let leads = ends.nth(1).and_then(|at| base.get(..at)).unwrap_or_default();
            if leads.is_empty() || !seen.insert(leads) {
                continue;
            }
            if let Some(site) = address.starts_with("module.").then(|| Site::parse(address)).flatten() {
                for depth in 1..=site.modules.len() {
                    let (outer, own) = site.modules.split_at(depth - 1);
                    if let Some((name, key)) = own.first() {
                        let keys = modules.entry(format!("{}module.{name}", prefix(outer))).or_default();
                        keys.insert(key.clone().unwrap_or_default());
                    }
                }
            }
        }
        Self { resources, modules }
    }
}

impl<'a> References<'a> {
    /// The addresses are asked for once, if at all.
    pub(super) fn new(configuration: &'a Configuration<'a>, addresses: Addresses<'a>) -> Self {
        Self {
            root: &configuration.root_module,
            addresses,
            kept: OnceCell::new(),
            all: OnceCell::new(),
            expressions: RefCell::default(),
            declared: RefCell::default(),
        }
    }

    /// Those among which all instances of a resource of this type are found.
    fn known(&self, kind: &str) -> &Instances<'a> {
        match (self.addresses.wanted)(kind) {
            true => self.kept.get_or_init(|| Instances::new((self.addresses.kept)())),
            false => self.all(),
        }
    }

    fn all(&self) -> &Instances<'a> {
        self.all.get_or_init(|| Instances::new((self.addresses.all)()))
    }

    /// The module's part of the configuration.
    fn module(&self, modules: &[(String, Option<String>)]) -> Option<&'a ConfigModule<'a>> {
        modules.iter().try_fold(self.root, |module, (name, _)| module.module_calls.get(name).map(|call| &call.module))
    }

    fn call(&self, modules: &[(String, Option<String>)]) -> Option<&'a ModuleCall<'a>> {
        let ((name, _), outer) = modules.split_last()?;
        self.module(outer)?.module_calls.get(name)
    }

    /// The resource's part of the configuration.
    pub(super) fn resource(&self, site: &Site) -> Option<&'a ConfigResource<'a>> {
        let module = self.module(&site.modules)?;
        let mut declared = self.declared.borrow_mut();
        let by_address = declared.entry(std::ptr::from_ref(module).cast()).or_insert_with(|| {
            // Of two of one address the first counts.
            module.resources.iter().rev().map(|resource| (&*resource.address, resource)).collect()
        });
        by_address.get(site.resource.as_str()).copied()
    }

    /// The resource's expressions by attribute, read once for all instances.
    pub(super) fn expressions(&self, resource: &'a ConfigResource<'a>) -> Rc<Json> {
        let place = std::ptr::from_ref(resource).cast();
        if let Some(known) = self.expressions.borrow().get(&place) {
            return known.clone();
        }
        let parsed = resource.expressions.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Json::Null);
        let parsed = Rc::new(parsed);
        self.expressions.borrow_mut().insert(place, parsed.clone());
        parsed
    }

    /// What `expression` of the resource at `site` refers to.
    pub(super) fn candidates(&self, expression: &Json, site: &Site) -> Candidates {
        let mut out = Candidates::default();
        let each = self.resource(site).map_or(&Json::Null, |resource| &resource.for_each_expression);
        self.follow(expression, &site.modules, site.key.as_deref(), each, 0, &mut out);
        out
    }

    fn follow(
        &self,
        expression: &Json,
        modules: &[(String, Option<String>)],
        own: Option<&str>,
        each: &Json,
        depth: usize,
        out: &mut Candidates,
    ) {
        if depth > DEEPEST {
            out.hidden = out.hidden.take().or_else(|| Some("a chain of modules".to_owned()));
            return;
        }
        let Some(references) = expression.get("references").and_then(Json::as_array) else {
            match expression {
                Json::Object(map) if map.is_empty() => {
                    out.hidden = out.hidden.take().or_else(|| Some("a function without arguments".to_owned()));
                }
                _ => out.inputs = true,
            }
            return;
        };
        let references: Vec<&str> = references.iter().filter_map(Json::as_str).collect();
        let longer = |short: &str, long: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('['))
        };
        let by_key = references.iter().any(|text| text.starts_with("each.") || text.starts_with("count."));
        for text in references.iter().filter(|text| !references.iter().any(|other| longer(text, other))) {
            self.one(text, modules, own, each, by_key, depth, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the scope of one reference; it is used in one place")]
    fn one(
        &self,
        text: &str,
        modules: &[(String, Option<String>)],
        own: Option<&str>,
        each: &Json,
        by_key: bool,
        depth: usize,
        out: &mut Candidates,
    ) {
        let head = text.split(['.', '[']).next().unwrap_or_default();
        match head {
            "each" if text.starts_with("each.value") => {
                out.inputs = true;
                if each.is_null() {
                    out.hidden = out.hidden.take().or_else(|| Some(text.to_owned()));
                } else {
                    self.follow(each, modules, None, &Json::Null, depth + 1, out);
                }
            }
            "each" | "count" | "path" | "terraform" | "self" => out.inputs = true,
            "local" => out.hidden = out.hidden.take().or_else(|| Some(text.to_owned())),
            "var" => {
                let name = text.get(4..).unwrap_or_default().split(['.', '[']).next().unwrap_or_default();
                // At the root every variable is known.
                let call = self.call(modules);
                let given = call.and_then(|call| call.expressions.get(name));
                match (given, call, modules.split_last()) {
                    (Some(given), Some(call), Some(((_, key), outer))) => {
                        self.follow(given, outer, key.as_deref(), &call.for_each_expression, depth + 1, out);
                    }
                    _ => out.inputs = true,
                }
            }
            "module" => self.output(text, modules, own, by_key, depth, out),
            _ => self.instances(text, modules, own, by_key, out),
        }
    }

    /// `module.m.output`, `module.m["k"].output`, `module.m`.
    fn output(
        &self,
        text: &str,
        modules: &[(String, Option<String>)],
        own: Option<&str>,
        by_key: bool,
        depth: usize,
        out: &mut Candidates,
    ) {
        let rest = text.get("module.".len()..).unwrap_or_default();
        let (name, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        let (written, rest) = key(rest);
        let wanted = rest.strip_prefix('.').map(|rest| rest.split(['.', '[']).next().unwrap_or_default());
        let Some(call) = self.module(modules).and_then(|module| module.module_calls.get(name)) else {
            out.hidden = out.hidden.take().or_else(|| Some(text.to_owned()));
            return;
        };
        let all = self.all().modules.get(&format!("{}module.{name}", prefix(modules))).cloned().unwrap_or_default();
        let keys: Vec<String> = match (written, own) {
            (Some(key), _) => vec![key.to_owned()],
            (None, Some(own)) if by_key && all.contains(own) => vec![own.to_owned()],
            _ if all.is_empty() => vec![String::new()],
            _ => all.into_iter().collect(),
        };
        for key in keys {
            let key = (!key.is_empty()).then_some(key);
            let inner: Vec<_> = modules.iter().cloned().chain([(name.to_owned(), key.clone())]).collect();
            for (output, value) in &call.module.outputs {
                if wanted.is_none_or(|wanted| wanted == output) {
                    self.follow(&value.expression, &inner, None, &Json::Null, depth + 1, out);
                }
            }
        }
    }

    /// A resource, an instance, or an attribute of one.
    fn instances(
        &self,
        text: &str,
        modules: &[(String, Option<String>)],
        own: Option<&str>,
        by_key: bool,
        out: &mut Candidates,
    ) {
        let parts = if text.starts_with("data.") { 3 } else { 2 };
        let Some(end) = ends(text, parts) else {
            out.hidden = out.hidden.take().or_else(|| Some(text.to_owned()));
            return;
        };
        let (base, rest) = text.split_at(end);
        let (written, rest) = key(rest);
        let attribute = rest.trim_start_matches('.').to_owned();
        let kind = base.trim_start_matches("data.").split('.').next().unwrap_or_default();
        let known = self.known(kind);
        let base = format!("{}{base}", prefix(modules));
        let all = known.resources.get(base.as_str()).map(Vec::as_slice).unwrap_or_default();
        let at = |key: &str| format!("{base}[{key}]");
        match (written, own) {
            (Some(key), _) => {
                out.resources.extend(all.contains(&at(key).as_str()).then(|| (at(key), attribute)));
            }
            (None, Some(own)) if by_key && all.contains(&at(own).as_str()) => {
                out.resources.insert((at(own), attribute));
            }
            _ => out.resources.extend(all.iter().map(|address| ((*address).to_owned(), attribute.clone()))),
        }
    }
}

/// Where the first `parts` names of `text` end.
fn ends(text: &str, parts: usize) -> Option<usize> {
    let mut seen = 1;
    for (at, character) in text.char_indices() {
        match character {
            '.' if seen == parts => return Some(at),
            '[' if seen == parts => return Some(at),
            '[' => return None,
            '.' => seen += 1,
            _ => {}
        }
    }
    (seen == parts).then_some(text.len())
}

/// The address without the resource's own key.
fn base(address: &str) -> Option<&str> {
    if !address.ends_with(']') {
        return Some(address);
    }
    // The key may hold brackets and dots, so it is read from the front.
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let (_, tail) = after.split_at(after.find(['.', '['])?);
        rest = key(tail).1.strip_prefix('.')?;
    }
    let cut = rest.find('[')?;
    address.get(..address.len() - (rest.len() - cut))
}

#[cfg(test)]
mod tests {
    use super::{Site, base};

    #[test]
    fn addresses_are_split() {
        let site = Site::parse(r#"module.a["x.y]"].module.b[0].data.aws_kms_key.k["q\"]"]"#).unwrap();
        assert_eq!(super::prefix(&site.modules), r#"module.a["x.y]"].module.b[0]."#);
        assert_eq!((site.resource.as_str(), site.key.as_deref()), ("data.aws_kms_key.k", Some(r#""q\"]""#)));
        assert_eq!(base(r#"module.a["x"].aws_kms_key.k["a[0].b"]"#), Some(r#"module.a["x"].aws_kms_key.k"#));
    }
}
