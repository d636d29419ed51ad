//! A template in one place with one set of inputs, and all of them together.

use super::cdk::Constructs;
use super::conditions::Facts;
use super::document::{self, Node};
use super::estate::{Asked, Evaluated, Shared};
use super::{foreach, include};
use crate::aws::Place;
use crate::diagnostic::Diagnostic;
use crate::resource::{LoadSettings, Stack};
use crate::source::{FileId, ReadError, Sources, Span};
use crate::value::{Existence, Guard, StackId, Value};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// Stacks within each other.
const DEEPEST: usize = 20;

/// A template deployed once.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) stack: StackId,
    pub(super) unit: Arc<str>,
    /// What comes before logical ids in addresses: `Nested.`, or nothing.
    pub(super) prefix: Arc<str>,
    pub(super) place: Arc<Place>,
    /// The file that the template was read from: local paths are relative to it.
    pub(super) path: Arc<str>,
    pub(super) name: Option<Arc<str>>,
    pub(super) root: Node,
    /// Parameters that the deployment or the parent gives.
    pub(super) given: BTreeMap<Arc<str>, Value>,
    /// Exports that the configuration tells of.
    pub(super) exports: BTreeMap<Arc<str>, Value>,
    /// Loop variables whose collection is not known.
    pub(super) loops: BTreeMap<Arc<str>, Value>,
    /// The nested stacks and stack sets that led here, outermost first.
    pub(super) chain: Arc<[Span]>,
    pub(super) exists: Existence,
    pub(super) depth: usize,
    /// Lines of the program that made the template.
    pub(super) constructs: Option<Rc<Constructs>>,
    sections: BTreeMap<&'static str, Section>,
    pub(super) memo: Memo,
}

/// What was worked out already, each under what was taken as given; `None` while it is being worked out.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// What was taken as given, by number.
    pub(super) facts: RefCell<HashMap<Facts, usize>>,
    pub(super) attributes: RefCell<HashMap<(usize, Arc<str>, Arc<str>), Option<Value>>>,
    pub(super) conditions: RefCell<HashMap<(usize, Arc<str>), Option<Option<bool>>>>,
    pub(super) nested: RefCell<HashMap<Arc<str>, Option<Rc<Instance>>>>,
}

/// A top-level section with its entries by name.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) entries: Vec<(Arc<str>, Node, Node)>,
    index: HashMap<Arc<str>, usize>,
    /// Entries of which any number may exist, by name: why that is not known.
    pub(super) many: BTreeMap<Arc<str>, Value>,
}

impl Section {
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.entries.get(*self.index.get(name)?).map(|(_, _, body)| body)
    }

    pub(super) fn key(&self, name: &str) -> Option<&Node> {
        self.entries.get(*self.index.get(name)?).map(|(_, key, _)| key)
    }
}

/// What an instance is made of beside its template.
pub(super) struct Inputs {
    pub(super) stack: StackId,
    pub(super) unit: Arc<str>,
    pub(super) prefix: Arc<str>,
    pub(super) place: Arc<Place>,
    pub(super) path: Arc<str>,
    pub(super) name: Option<Arc<str>>,
    pub(super) given: BTreeMap<Arc<str>, Value>,
    pub(super) exports: BTreeMap<Arc<str>, Value>,
    pub(super) chain: Arc<[Span]>,
    pub(super) exists: Existence,
    pub(super) depth: usize,
    pub(super) constructs: Option<Rc<Constructs>>,
}

impl Instance {
    /// The template with these inputs, its loops unrolled; `None` beyond the limits, which is told at the last link of
    /// the chain.
    pub(super) fn new(world: &World<'_>, root: Node, inputs: Inputs) -> Option<Rc<Self>> {
        let count = world.instances.get() + usize::from(inputs.depth > 0);
        world.instances.set(count);
        if count > world.settings.limits.stacks || inputs.depth > DEEPEST {
            let at = inputs.chain.last().copied().unwrap_or(root.span);
            let what = if inputs.depth > DEEPEST {
                format!("stacks nested more than {DEEPEST} levels deep are not evaluated")
            } else {
                format!("more than {} stacks are not evaluated", world.settings.limits.stacks)
            };
            world.tell(Diagnostic::not_evaluated(at, what));
            return None;
        }
        let Inputs { stack, unit, prefix, place, path, name, given, exports, chain, exists, depth, constructs } =
            inputs;
        let mut instance = Self {
            stack,
            unit,
            prefix,
            place,
            path,
            name,
            root,
            given,
            exports,
            loops: BTreeMap::new(),
            chain,
            exists,
            depth,
            constructs,
            sections: BTreeMap::new(),
            memo: Memo::default(),
        };
        let root = instance.root.clone();
        for section in ["Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"] {
            instance.set_section(section, root.get(section).map(Node::entries).unwrap_or_default());
        }
        let instance = Rc::new(instance);
        if foreach::asked(&instance.root) { foreach::unroll(world, instance) } else { Some(instance) }
    }

    /// Replaces a section's entries.
    pub(super) fn set_section(&mut self, name: &'static str, entries: &[(Node, Node)]) {
        let mut section = Section::default();
        for (key, body) in entries {
            let super::document::NodeKind::Scalar { text, .. } = &key.kind else { continue };
            section.index.insert(text.clone(), section.entries.len());
            section.entries.push((text.clone(), key.clone(), body.clone()));
        }
        if let Some(old) = self.sections.remove(name) {
            section.many = old.many;
        }
        self.sections.insert(name, section);
    }

    /// Any number of the section's entry may exist.
    pub(super) fn set_many(&mut self, section: &'static str, name: &Arc<str>, why: &Value) {
        if let Some(section) = self.sections.get_mut(section) {
            section.many.insert(name.clone(), why.clone());
        }
    }

    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.get(name)
    }

    /// The entry of a top-level section.
    pub(super) fn entry(&self, section: &str, name: &str) -> Option<&Node> {
        self.sections.get(section)?.get(name)
    }

    /// The address of a logical id.
    pub(super) fn address(&self, name: &str) -> Arc<str> {
        if self.prefix.is_empty() { name.into() } else { format!("{}{name}", self.prefix).into() }
    }

    /// In words, for symbols: `template.yaml`, `template.yaml, stack Nested`.
    pub(super) fn words(&self) -> String {
        match self.prefix.strip_suffix('.') {
            Some(prefix) => format!("{}, stack {prefix}", self.unit),
            None => self.unit.to_string(),
        }
    }

    /// Conditions under which the whole stack exists.
    pub(super) fn guards(&self) -> Vec<Guard> {
        match &self.exists {
            Existence::When(guards) => guards.to_vec(),
            Existence::Certain | Existence::Many(_) => Vec::new(),
        }
    }
}

/// Something exported: where, under which name, and what.
#[derive(Clone, Debug)]
pub(super) struct Export {
    pub(super) stack: StackId,
    pub(super) place: Place,
    /// Symbols marked.
    pub(super) name: String,
    pub(super) value: Value,
}

/// An output of a stack, for `Fn::GetStackOutput`.
#[derive(Clone, Debug)]
pub(super) struct StackOutput {
    pub(super) stack: StackId,
    pub(super) place: Place,
    /// The stack's name.
    pub(super) name: Arc<str>,
    pub(super) output: Arc<str>,
    pub(super) value: Value,
}

/// An SSM parameter that a template makes.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) stack: StackId,
    pub(super) place: Place,
    pub(super) name: Arc<str>,
    pub(super) value: Value,
}

/// One unit with all stacks below it, while it is evaluated.
pub(super) struct World<'a> {
    pub(super) sources: &'a Sources,
    pub(super) settings: &'a LoadSettings,
    pub(super) shared: &'a Shared,
    told: RefCell<Vec<Diagnostic>>,
    told_once: RefCell<BTreeSet<(Span, String)>>,
    files: RefCell<BTreeMap<Arc<str>, Option<(FileId, Node)>>>,
    pub(super) assemblies: RefCell<BTreeMap<String, Option<Arc<super::cdk::Assembly>>>>,
    instances: Cell<usize>,
    /// What the stacks evaluated so far offer.
    pub(super) exports: RefCell<Vec<Export>>,
    pub(super) outputs: RefCell<Vec<StackOutput>>,
    pub(super) stored: RefCell<Vec<Stored>>,
    /// What they take from other units.
    pub(super) asked: RefCell<BTreeSet<Asked>>,
    /// Templates that are deployed here.
    pub(super) used: RefCell<BTreeSet<Arc<str>>>,
    /// Files that would have to be read.
    wanted: RefCell<BTreeSet<String>>,
}

impl<'a> World<'a> {
    pub(super) fn new(sources: &'a Sources, settings: &'a LoadSettings, shared: &'a Shared) -> Self {
        Self {
            sources,
            settings,
            shared,
            told: RefCell::default(),
            told_once: RefCell::default(),
            files: RefCell::default(),
            assemblies: RefCell::default(),
            instances: Cell::new(0),
            exports: RefCell::default(),
            outputs: RefCell::default(),
            stored: RefCell::default(),
            asked: RefCell::default(),
            used: RefCell::default(),
            wanted: RefCell::default(),
        }
    }

    /// Tells it, once for each place: a template may be deployed many times.
    pub(super) fn tell(&self, diagnostic: Diagnostic) {
        if let Some(label) = &diagnostic.primary
            && !self.told_once.borrow_mut().insert((label.span, diagnostic.message.clone()))
        {
            return;
        }
        self.told.borrow_mut().push(diagnostic);
    }

    pub(super) fn into_evaluated(self, stack: Option<Arc<Stack>>) -> Evaluated {
        Evaluated {
            stack,
            told: self.told.into_inner(),
            exports: self.exports.into_inner(),
            outputs: self.outputs.into_inner(),
            stored: self.stored.into_inner(),
            used: self.used.into_inner(),
            asked: self.asked.into_inner(),
            wanted: self.wanted.into_inner(),
        }
    }

    /// The file at `path`. Where it was not read yet and must not be now, it is asked for.
    pub(super) fn load(&self, path: &str) -> Result<FileId, ReadError> {
        if self.shared.defers && !self.sources.tried(path) {
            self.wanted.borrow_mut().insert(path.to_owned());
            return Err(ReadError::NotFound);
        }
        self.sources.load(path)
    }

    /// The tree of the template at `path`, read at most once; what is wrong with it is told.
    pub(super) fn template(&self, path: &str) -> Result<Option<(FileId, Node)>, ReadError> {
        if let Some(known) = self.files.borrow().get(path) {
            return Ok(known.clone());
        }
        let (read, found) = match self.shared.tree(path) {
            Some(parsed) => parsed.clone(),
            None => {
                let file = self.load(path)?;
                let (root, found) = document::parse(file, &self.sources.text(file));
                (root.map(|root| (file, root)), found)
            }
        };
        found.into_iter().for_each(|diagnostic| self.tell(diagnostic));
        let read = read.map(|(file, root)| {
            let includes = self.sources.text(file).contains(include::NAME);
            (file, if includes { include::spliced(self, path, root) } else { root })
        });
        self.files.borrow_mut().insert(path.into(), read.clone());
        Ok(read)
    }
}
