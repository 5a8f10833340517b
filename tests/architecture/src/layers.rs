//! core ← content ← app ← aws ← functions, and no runtime and no AWS below `app`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

use crate::workspace;

/// Where a member stands. A layer uses the shared ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Core,
    Content,
    App,
    Aws,
    /// One Lambda function. Nobody uses it: functions meet in queues and tables.
    Function,
    /// The command line.
    Tool,
    /// A crate of tests. Nobody uses it.
    Test,
}

impl Layer {
    fn of(folder: &str) -> Option<Self> {
        match folder.split_once('/')? {
            ("shared", "core") => Some(Self::Core),
            ("shared", "content") => Some(Self::Content),
            ("shared", "app") => Some(Self::App),
            ("shared", "aws") => Some(Self::Aws),
            ("functions", _) => Some(Self::Function),
            ("infra", _) => Some(Self::Tool),
            ("tests", _) => Some(Self::Test),
            _ => None,
        }
    }

    fn may_use(self, other: Self) -> bool {
        let is_shared_and_below = other <= Self::Aws && other < self;
        // Acceptance tests start what the command line starts.
        is_shared_and_below || (self, other) == (Self::Test, Self::Tool)
    }

    /// Whether a decision or a message is made here: no runtime, no AWS.
    fn is_pure(self) -> bool {
        self <= Self::Content
    }
}

/// A package and what it uses.
struct Node {
    name: String,
    /// Where it lies, for a member of the workspace.
    folder: Option<String>,
    uses: BTreeSet<String>,
}

/// All packages by their ids.
struct Graph(BTreeMap<String, Node>);

impl Graph {
    /// Members with everything that they name, also for tests; packages from elsewhere with what they are built from.
    fn new(metadata: &Metadata) -> Self {
        let resolve = metadata
            .resolve
            .as_ref()
            .expect("cargo resolves the workspace");
        let nodes = resolve.nodes.iter().map(|node| {
            let package = &metadata[&node.id];
            let is_member = metadata.workspace_members.contains(&node.id);
            let is_used = |kind: DependencyKind| is_member || kind != DependencyKind::Development;
            let uses = node
                .deps
                .iter()
                .filter(|dep| dep.dep_kinds.iter().any(|kind| is_used(kind.kind)));
            let described = Node {
                name: package.name.to_string(),
                folder: is_member.then(|| workspace::folder(metadata, package)),
                uses: uses.map(|dep| dep.pkg.repr.clone()).collect(),
            };
            (node.id.repr.clone(), described)
        });
        Self(nodes.collect())
    }

    /// The same with one more edge.
    fn with(mut self, from: &str, to: &str) -> Self {
        let (from, to) = (self.id(from), self.id(to));
        self.0
            .get_mut(&from)
            .expect("the id is known")
            .uses
            .insert(to);
        self
    }

    fn id(&self, name: &str) -> String {
        let mut found = self.0.iter().filter(|(_, node)| node.name == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no package {name}"))
            .0
            .clone()
    }

    /// Names of all packages that `id` is built from, at any depth.
    fn tree(&self, id: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            let fresh = self.0[id]
                .uses
                .iter()
                .filter(|used| seen.insert(used.as_str()));
            left.extend(fresh.map(String::as_str));
        }
        seen.into_iter()
            .map(|id| self.0[id].name.as_str())
            .collect()
    }
}

fn is_runtime_or_aws(name: &str) -> bool {
    const RUNTIMES: [&str; 6] = [
        "async-executor",
        "async-std",
        "futures-executor",
        "lambda_runtime",
        "smol",
        "tokio",
    ];
    RUNTIMES.contains(&name) || name.starts_with("aws-") || name.starts_with("aws_")
}

/// Every breach of the layers, as one line each.
fn breaches(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (id, node) in &graph.0 {
        let Some(folder) = &node.folder else { continue };
        let Some(layer) = Layer::of(folder) else {
            found.push(format!(
                "{} lies in {folder}, which has no layer",
                node.name
            ));
            continue;
        };
        for used in node.uses.iter().map(|used| &graph.0[used]) {
            let used_layer = used.folder.as_deref().and_then(Layer::of);
            if used_layer.is_some_and(|used_layer| !layer.may_use(used_layer)) {
                found.push(format!("{} must not use {}", node.name, used.name));
            }
        }
        if layer.is_pure() {
            let forbidden = graph
                .tree(id)
                .into_iter()
                .filter(|name| is_runtime_or_aws(name));
            found.extend(forbidden.map(|name| format!("{} has {name} in its tree", node.name)));
        }
    }
    found
}

#[test]
fn the_workspace_keeps_its_layers() {
    let graph = Graph::new(&workspace::metadata());
    let members = graph
        .0
        .values()
        .filter(|node| node.folder.is_some())
        .count();
    assert!(members >= 10, "only {members} members were seen");
    assert_eq!(breaches(&graph), [""; 0]);
}

#[test]
fn every_forbidden_edge_is_found() {
    let metadata = workspace::metadata();
    for (from, to, breach) in [
        (
            "wend-core",
            "wend-content",
            "wend-core must not use wend-content",
        ),
        (
            "wend-content",
            "wend-app",
            "wend-content must not use wend-app",
        ),
        ("wend-app", "wend-aws", "wend-app must not use wend-aws"),
        (
            "wend-aws",
            "wend-evaluate",
            "wend-aws must not use wend-evaluate",
        ),
        (
            "wend-ingest",
            "wend-evaluate",
            "wend-ingest must not use wend-evaluate",
        ),
        (
            "wend-evaluate",
            "wend-cli",
            "wend-evaluate must not use wend-cli",
        ),
        (
            "wend-cli",
            "wend-evaluate",
            "wend-cli must not use wend-evaluate",
        ),
        (
            "wend-cli",
            "wend-architecture",
            "wend-cli must not use wend-architecture",
        ),
        ("wend-core", "tokio", "wend-core has tokio in its tree"),
        (
            "wend-content",
            "aws-config",
            "wend-content has aws-config in its tree",
        ),
        // Through a package that both have anyway.
        ("serde", "tokio", "wend-content has tokio in its tree"),
    ] {
        let found = breaches(&Graph::new(&metadata).with(from, to));
        assert!(
            found.iter().any(|line| line == breach),
            "{from} → {to}: {found:?}"
        );
    }
}

#[test]
fn a_crate_without_a_layer_is_found() {
    let node = Node {
        name: "stray".to_owned(),
        folder: Some("misc/stray".to_owned()),
        uses: BTreeSet::new(),
    };
    let graph = Graph(BTreeMap::from([("stray".to_owned(), node)]));
    assert_eq!(
        breaches(&graph),
        ["stray lies in misc/stray, which has no layer"]
    );
}
