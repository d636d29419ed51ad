//! Demand-driven evaluation of a root module: what is asked for is evaluated once, in whatever order.

mod arguments;
mod components;
mod computed;
mod data;
mod domain;
mod estate;
pub(in crate::terraform) mod expand;
mod expression;
mod organization;
mod policy_document;
mod provider;
mod terragrunt;
mod unread;
mod variables;

use super::Modules;
use super::ast::Body;
use super::module::Module;
use super::ops::derived;
use super::syntax;
use crate::diagnostic::{Diagnostic, Severity};
use crate::resource::{Deployment, Given, Language, LoadSettings, OpenInput, Published, Resource, Stack, Unit, Unread};
use crate::source::{FileId, ReadError, Sources, Span};
use crate::value::{Entries, Reason, StackId, Type, Value};
use estate::Estate;
use expand::Expansion;
use provider::ProviderInfo;
use rayon::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// Evaluation gives up beyond this depth of demands within demands.
const DEEPEST: usize = 400;
/// Units that one thread evaluates together, and the groups for each thread where units read what others give out.
const CHUNK: usize = 8;
const GROUPS: usize = 2;

pub(super) fn load(
    sources: &Sources,
    modules: &Modules,
    units: &[(StackId, &Unit)],
    settings: &LoadSettings,
    published: &Published,
) -> (Vec<Stack>, Vec<Diagnostic>) {
    let mut deployed: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, unit) in units {
        *deployed.entry(&unit.path).or_default() += 1;
    }
    let chunks: Vec<(Vec<Stack>, Vec<Diagnostic>)> = groups(sources, units)
        .into_par_iter()
        .map(|group| {
            let chunk: Vec<(StackId, &Unit)> = group.into_iter().filter_map(|at| units.get(at)).copied().collect();
            let evaluated = evaluate(sources, modules, units, &chunk, settings, published);
            for (_, unit) in chunk.iter().filter(|(_, unit)| deployed.get(&*unit.path) == Some(&1)) {
                modules.let_go_of(&unit.path);
            }
            evaluated
        })
        .collect();
    let (mut stacks, mut diagnostics) = (Vec::new(), Vec::new());
    for (some, found) in chunks {
        stacks.extend(some);
        diagnostics.extend(found);
    }
    stacks.sort_by_key(|stack| stack.id);
    (stacks, diagnostics)
}

/// Which units are evaluated together, by their places among all. A group evaluates again what it reads of others, so units
/// that may depend on each other in a chain are one group, and the others go by a few.
fn groups(sources: &Sources, units: &[(StackId, &Unit)]) -> Vec<Vec<usize>> {
    let (chained, rest): (Vec<usize>, Vec<usize>) = (0..units.len())
        .partition(|at| units.get(*at).is_some_and(|(_, unit)| terragrunt::depends_on_others(sources, unit)));
    let few = rest.len().div_ceil(rayon::current_num_threads() * GROUPS);
    let size = if few > CHUNK && reads_others(sources) { few } else { CHUNK };
    let mut groups: Vec<Vec<usize>> = rest.chunks(size).map(<[usize]>::to_vec).collect();
    if !chained.is_empty() {
        groups.insert(0, chained);
    }
    groups
}

/// Whether some file of code that was read asks for what other units give out. For that a group looks at all of them.
fn reads_others(sources: &Sources) -> bool {
    let asks = ["data \"aws_ssm_parameter\"", "data \"terraform_remote_state\"", "data \"tfe_outputs\""];
    let finders = asks.map(memchr::memmem::Finder::new);
    sources.files().any(|file| {
        let path = sources.path(file);
        if !super::is_config(path.rsplit('/').next().unwrap_or(&path)) {
            return false;
        }
        let text = sources.text(file);
        finders.iter().any(|finder| finder.find(text.as_bytes()).is_some())
    })
}

/// Evaluates the units of a chunk, which may read of all.
pub(super) fn evaluate(
    sources: &Sources,
    modules: &Modules,
    all: &[(StackId, &Unit)],
    chunk: &[(StackId, &Unit)],
    settings: &LoadSettings,
    published: &Published,
) -> (Vec<Stack>, Vec<Diagnostic>) {
    let estate = Estate::new(sources, modules, all, settings, published);
    let mut stacks = Vec::new();
    for (id, unit) in chunk {
        let evaluator = estate.evaluator(*id, unit);
        let root = evaluator.root();
        let (mut resources, mut unread) = (Vec::new(), Vec::new());
        evaluator.collect(&root, (&mut resources, &mut unread), 0);
        let place = crate::aws::Place::clone(&evaluator.default_provider(&root).place);
        let stack = Stack {
            id: *id,
            unit: unit.name.clone(),
            language: Language::Terraform,
            place,
            resources,
            unread,
            given: if settings.publish { evaluator.given(&root) } else { Given::default() },
        };
        stacks.push(stack.settled(sources, settings));
    }
    let diagnostics = estate.diagnostics();
    estate.dissolve();
    (stacks, diagnostics)
}

pub(super) use policy_document::render as render_policy;
pub(crate) use terragrunt::stack::{FILE as UNITS_FILE, Made, StackFile};

/// The root module's variables that have no value and a finite domain.
pub(super) fn open_inputs(
    sources: &Sources,
    modules: &Modules,
    unit: &Unit,
    settings: &LoadSettings,
) -> Vec<OpenInput> {
    let evaluator = Evaluator::new(sources, modules, unit, StackId(0), settings);
    let root = evaluator.root();
    evaluator.open_inputs(&root)
}

/// What the stacks of Terragrunt in these directories make, but for what is generated already.
pub(super) fn made_by_stacks(
    sources: &Sources,
    modules: &Modules,
    settings: &LoadSettings,
    dirs: &BTreeSet<String>,
) -> terragrunt::stack::Made {
    let except = |except: &BTreeSet<String>| {
        let mut made = terragrunt::stack::Made::default();
        sources.unmount();
        modules.forget_stacks();
        for dir in dirs.difference(except) {
            let (name, deployment) = (dir.as_str().into(), Deployment::default());
            let unit = Unit { name, language: Language::Terraform, path: dir.clone(), deployment };
            let evaluator = Evaluator::new(sources, modules, &unit, StackId(0), settings);
            evaluator.made_by(dir, None, &[terragrunt::stack::Followed::first(dir)], &mut made);
            made.diagnostics.extend(evaluator.diagnostics.into_inner());
        }
        made
    };
    // What a stack is made of is none by itself.
    let mut used = except(&BTreeSet::new()).sources;
    // Stacks that are made of each other alone are told.
    let reached = except(&used).sources;
    used.retain(|dir| reached.contains(dir) || !dirs.contains(dir));
    let mut made = except(&used);
    made.sources.extend(used);
    made
}

/// Whether a file of this name declares components or deployments of a Terraform Stack.
pub(super) fn stack_file(name: &str) -> Option<bool> {
    (components::declares(name) || components::deploys(name)).then(|| components::deploys(name))
}

/// Evaluates expressions in the root module's scope.
pub(super) fn console(
    sources: &Sources,
    modules: &Modules,
    unit: &Unit,
    settings: &LoadSettings,
    next: &mut dyn FnMut() -> Option<String>,
    answer: &mut dyn FnMut(&str, Result<Value, String>),
) -> Vec<Diagnostic> {
    let evaluator = Evaluator::new(sources, modules, unit, StackId(0), settings);
    let root = evaluator.root();
    let mut number = 0;
    while let Some(text) = next() {
        number += 1;
        let file = sources.add(&format!("<line {number}>"), &text);
        let value = match super::syntax::parse_expression(sources, file) {
            Ok(expr) => evaluator.eval(&expr, &Scope::new(&root)).map_err(|error| error.0),
            Err(diagnostic) => Err(diagnostic.message),
        };
        answer(&text, value);
    }
    evaluator.diagnostics.into_inner()
}

/// What a module instance can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Demand {
    Variable(Arc<str>),
    Local(Arc<str>),
    Output(Arc<str>),
}

/// One instance of a module.
struct Instance {
    id: usize,
    module: Arc<Module>,
    /// `module.a["k"].`, empty for the root.
    prefix: String,
    /// The caller, the call's block and the values that hold in it.
    parent: Option<(Rc<Instance>, Rc<super::ast::Block>, Repetition)>,
    /// Provider configurations by the name that this module uses: `aws`, `aws.dest`.
    providers: BTreeMap<String, Rc<ProviderInfo>>,
    chain: Arc<[Span]>,
    /// Undecided conditions under which the instance exists, or the unknown that its number depends on.
    exists: crate::value::Existence,
    /// What names and functions mean beside Terraform's, in a configuration of Terragrunt.
    terragrunt: Option<Rc<terragrunt::Context>>,
}

/// `each` and `count` of one instance.
#[derive(Clone, Default)]
struct Repetition {
    each: Option<(Value, Value)>,
    count: Option<Value>,
}

/// What names mean at one place.
#[derive(Clone)]
struct Scope<'s> {
    instance: &'s Rc<Instance>,
    repetition: Repetition,
    /// Variables of `for`, dynamic blocks and templates; the innermost last.
    names: Vec<(Arc<str>, Value)>,
    /// Elements of the enclosing splats.
    splats: Vec<Value>,
    /// Whether an expression is only tried with an element that is not known, as Terraform tries the condition of a `for`.
    probing: bool,
    /// Whether an expression that failed is evaluated again for its type.
    typed: bool,
}

impl<'s> Scope<'s> {
    fn new(instance: &'s Rc<Instance>) -> Self {
        Self {
            instance,
            repetition: Repetition::default(),
            names: Vec::new(),
            splats: Vec::new(),
            probing: false,
            typed: false,
        }
    }
}

struct Evaluator<'a> {
    sources: &'a Sources,
    unit: &'a Unit,
    stack: StackId,
    settings: &'a LoadSettings,
    modules: &'a Modules,
    memo: RefCell<HashMap<(usize, Demand), Option<Value>>>,
    /// By instance and place of the block in its module.
    expansions: RefCell<HashMap<(usize, usize), Option<Rc<Expansion>>>>,
    calls: RefCell<BTreeMap<(usize, Arc<str>), Option<Rc<expand::CallExpansion>>>>,
    inputs: RefCell<Option<Rc<variables::Inputs>>>,
    installed: RefCell<Option<Rc<BTreeMap<String, String>>>>,
    /// Ids by address that `import` blocks give, once asked for.
    imports: RefCell<Option<Rc<BTreeMap<String, Value>>>>,
    told: RefCell<BTreeSet<(Option<Span>, String)>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    next_instance: Cell<usize>,
    depth: Cell<usize>,
    /// Expressions that were evaluated.
    steps: Cell<usize>,
    root: RefCell<Option<Rc<Instance>>>,
    /// Whether the root module was asked for: what it depends on may depend on it.
    rooting: Cell<bool>,
    /// The root module's directory, where that is not the unit's.
    root_dir: RefCell<Option<String>>,
    /// Inputs that Terragrunt gives the root module.
    given: RefCell<Entries>,
    /// What Terragrunt gives Terraform besides: stronger than files of the module.
    handed: RefCell<Vec<terragrunt::Handed>>,
    /// The role whose credentials Terragrunt hands to Terraform.
    role: RefCell<Option<Value>>,
    /// Where Terragrunt keeps the state: the backend and its settings.
    kept: RefCell<Option<(Value, Value)>>,
    /// The other units; `None` where expressions are evaluated by themselves.
    estate: Option<Rc<Estate<'a>>>,
}

impl<'a> Evaluator<'a> {
    fn new(
        sources: &'a Sources,
        modules: &'a Modules,
        unit: &'a Unit,
        stack: StackId,
        settings: &'a LoadSettings,
    ) -> Self {
        Self {
            sources,
            unit,
            stack,
            settings,
            modules,
            memo: RefCell::default(),
            expansions: RefCell::default(),
            calls: RefCell::default(),
            inputs: RefCell::default(),
            installed: RefCell::default(),
            imports: RefCell::default(),
            told: RefCell::default(),
            diagnostics: RefCell::default(),
            next_instance: Cell::new(0),
            depth: Cell::new(0),
            steps: Cell::new(0),
            root: RefCell::default(),
            rooting: Cell::new(false),
            root_dir: RefCell::default(),
            given: RefCell::default(),
            handed: RefCell::default(),
            kept: RefCell::default(),
            role: RefCell::default(),
            estate: None,
        }
    }

    fn root(&self) -> Rc<Instance> {
        if let Some(root) = &*self.root.borrow() {
            return root.clone();
        }
        self.rooting.set(true);
        let components = self.unit.deployment.stack.as_ref().map(|name| self.component_root(name));
        let module = match (components, self.terragrunt()) {
            (Some((module, inputs)), _) => {
                *self.given.borrow_mut() = inputs;
                module
            }
            (None, Some(deployed)) => {
                *self.given.borrow_mut() = deployed.inputs;
                deployed.module
            }
            (None, None) => self.module(&self.unit.path),
        };
        let mut instance = self.uncalled(module);
        instance.providers = self.own_providers(&instance, &BTreeMap::new());
        let root = Rc::new(instance);
        *self.root.borrow_mut() = Some(root.clone());
        root
    }

    /// An instance of a module that no other one calls.
    fn uncalled(&self, module: Arc<Module>) -> Instance {
        Instance {
            id: self.next_id(),
            module,
            prefix: String::new(),
            parent: None,
            providers: BTreeMap::new(),
            chain: Arc::from([]),
            exists: crate::value::Existence::Certain,
            terragrunt: None,
        }
    }

    fn next_id(&self) -> usize {
        let id = self.next_instance.get();
        self.next_instance.set(id + 1);
        id
    }

    fn module(&self, dir: &str) -> Arc<Module> {
        let module = self.modules.get(self.sources, dir);
        self.diagnostics.borrow_mut().extend(self.modules.diagnostics(dir));
        module
    }

    /// What the file at the path holds; told where it cannot be read.
    fn loaded(&self, path: &str) -> Option<FileId> {
        let loaded = self.sources.load(path);
        loaded.map_err(|error| self.tell(Diagnostic::unreadable(path, error.to_string()))).ok()
    }

    /// The file's attributes and blocks; what is wrong with it is told.
    fn parsed(&self, file: FileId) -> Body {
        let (body, found) = syntax::parse_file(self.sources, file);
        found.into_iter().for_each(|diagnostic| self.tell(diagnostic));
        body
    }

    /// The same of a file in JSON syntax.
    fn parsed_json(&self, file: FileId) -> Body {
        let (body, found) = syntax::parse_json_file(self.sources, file);
        found.into_iter().for_each(|diagnostic| self.tell(diagnostic));
        body
    }

    /// Reports once, however many instances meet it.
    fn tell(&self, diagnostic: Diagnostic) {
        let key = (diagnostic.primary.as_ref().map(|label| label.span), diagnostic.message.clone());
        if self.told.borrow_mut().insert(key) {
            self.diagnostics.borrow_mut().push(diagnostic);
        }
    }

    /// An unknown for an expression that Terraform would reject.
    fn invalid(&self, span: Span, message: &str) -> Value {
        self.tell(Diagnostic::note(span, Severity::Warning, message.to_owned()));
        Value::unknown(Reason::Invalid(message.into()), Some(span))
    }

    /// A variable's, local's or output's value in one module instance.
    fn demand(&self, instance: &Rc<Instance>, demand: Demand) -> Value {
        let key = (instance.id, demand.clone());
        match self.memo.borrow().get(&key) {
            Some(Some(value)) => return value.clone(),
            Some(None) => return Value::unknown(Reason::Invalid("the value depends on itself".into()), None),
            None => {}
        }
        if self.depth.get() > DEEPEST {
            return Value::unknown(
                Reason::Limit(format!("more than {DEEPEST} values depend on each other").into()),
                None,
            );
        }
        self.memo.borrow_mut().insert(key.clone(), None);
        self.depth.set(self.depth.get() + 1);
        let value = match &demand {
            Demand::Variable(name) => self.variable(instance, name),
            Demand::Local(name) => match instance.module.locals.get(name) {
                Some(local) => self.value(&local.value, &Scope::new(instance)),
                None => Value::unknown(self.undeclared(instance, &format!("local.{name}")), None),
            },
            Demand::Output(name) => match instance.module.outputs.get(name) {
                Some(output) => {
                    let mut value =
                        output.value.as_ref().map_or_else(Value::null, |expr| self.value(expr, &Scope::new(instance)));
                    value.sensitive |= output.sensitive;
                    if output.sensitive {
                        crate::value::note(&value, self.sources);
                    }
                    value
                }
                None => Value::unknown(self.undeclared(instance, &format!("output `{name}`")), None),
            },
        };
        self.depth.set(self.depth.get() - 1);
        let value = if value.is_large() {
            Value::unknown(Reason::Limit("it is larger than a million elements or 16 MiB of text".into()), value.span)
        } else {
            value
        };
        self.memo.borrow_mut().insert(key, Some(value.clone()));
        value
    }

    /// Counts steps of evaluation; whether they are still within the limit. Told once where they are not.
    fn charge(&self, steps: usize, span: Span) -> bool {
        let (before, most) = (self.steps.get(), self.settings.limits.steps);
        self.steps.set(before.saturating_add(steps));
        if before <= most && self.steps.get() > most {
            let message = format!("evaluation of `{}` ends here, after {most} steps", self.unit.name);
            let help = "raise `steps` under `[limits]` in crossvault.toml";
            self.diagnostics.borrow_mut().push(Diagnostic::not_evaluated(span, message).with_help(help));
        }
        self.steps.get() <= most
    }

    /// What is not evaluated any more.
    fn exhausted(&self, span: Span) -> Value {
        let most = self.settings.limits.steps;
        Value::unknown(Reason::Limit(format!("evaluation takes more than {most} steps").into()), Some(span))
    }

    /// Why something that is not declared is unknown: a file that was not understood may declare it.
    fn undeclared(&self, instance: &Instance, what: &str) -> Reason {
        if instance.module.incomplete {
            Reason::File(
                format!("{what} may be declared in a part of `{}` that could not be read", instance.module.dir).into(),
            )
        } else {
            Reason::Invalid(format!("{what} is not declared").into())
        }
    }

    /// All resources of the instance and of the modules below it.
    fn collect(&self, instance: &Rc<Instance>, (out, unread): (&mut Vec<Resource>, &mut Vec<Unread>), depth: usize) {
        if depth > 50 {
            return;
        }
        unread.extend(instance.module.lost.iter().filter_map(|lost| self.lost(instance, lost)));
        for at in 0..instance.module.resources.len() {
            let expansion = self.expansion(instance, at);
            out.extend(expansion.resources.iter().cloned());
        }
        for name in instance.module.calls.keys() {
            let call = self.call(instance, name);
            if let Some(missing) = &call.missing {
                self.handed(instance, name, missing, unread);
            }
            for (_, child) in &call.instances {
                self.collect(child, (&mut *out, &mut *unread), depth + 1);
            }
        }
    }

    /// `path` seen from the root module's directory, as `path.module` shows it.
    fn relative(&self, dir: &str) -> String {
        let root = crate::source::normalize(&self.root_path());
        let dir = crate::source::normalize(dir);
        if root == dir {
            return ".".to_owned();
        }
        let split = |path: &str| {
            path.split('/').filter(|part| *part != "." && !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let (root, dir) = (split(&root), split(&dir));
        let shared = root.iter().zip(&dir).take_while(|(a, b)| a == b).count();
        let ups = std::iter::repeat_n("..".to_owned(), root.len() - shared);
        ups.chain(dir.into_iter().skip(shared)).collect::<Vec<_>>().join("/")
    }

    /// A path as the running code names it, as `Sources` knows it.
    fn at_root(&self, path: &str) -> String {
        terragrunt::resolve(&self.root_path(), path)
    }

    /// The workspace: the one that is asked for, else the one that `terraform workspace select` left chosen here.
    fn workspace(&self) -> String {
        if let Some(workspace) = &self.unit.deployment.workspace {
            return workspace.to_string();
        }
        let path = self.at_root(".terraform/environment");
        let text = self.sources.load_bytes(&path).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })
        });
        let chosen = match text {
            Ok(text) => Some(text.trim().to_owned()),
            Err(ReadError::NotFound) => None,
            Err(error) => {
                self.tell(Diagnostic::unreadable(path, error.to_string()));
                None
            }
        };
        chosen.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
    }

    /// The directory of the root module.
    fn root_path(&self) -> String {
        self.root_dir.borrow().clone().unwrap_or_else(|| self.unit.path.clone())
    }

    fn unknown_from(&self, value: &Value) -> Value {
        derived(&[value], Type::Dynamic)
    }
}

#[cfg(test)]
mod tests;
