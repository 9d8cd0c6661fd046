//! The rules that no compiler holds, checked over `cargo metadata`: which crate may depend on which, which crates are
//! banned from the tree, licences, and versions that must agree. ARCHITECTURE.md tells the reasons.

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};

/// Of our crates, what each may name as a normal dependency. A new crate, or a new arrow, is an ADR.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("bowsprit-api", &[]),
    ("bowsprit-decide", &["bowsprit-api"]),
    ("bowsprit-forge", &["bowsprit-api", "bowsprit-decide"]),
    ("bowsprit-git", &["bowsprit-api", "bowsprit-decide"]),
    ("bowsprit-results", &["bowsprit-api", "bowsprit-decide"]),
    (
        "bowsprit-controllers",
        &["bowsprit-api", "bowsprit-decide", "bowsprit-forge", "bowsprit-git", "bowsprit-results"],
    ),
    ("bowsprit-web", &["bowsprit-api", "bowsprit-decide", "bowsprit-results"]),
    ("bowsprit-podutils", &["bowsprit-api", "bowsprit-results"]),
    (
        "bowsprit",
        &[
            "bowsprit-api",
            "bowsprit-decide",
            "bowsprit-forge",
            "bowsprit-git",
            "bowsprit-results",
            "bowsprit-controllers",
            "bowsprit-web",
        ],
    ),
    ("world-kubernetes", &[]),
    ("world-github", &[]),
    ("world-kubelet", &[]),
    ("golden", &[]),
    (
        "sandbox",
        &[
            "bowsprit",
            "bowsprit-api",
            "bowsprit-decide",
            "bowsprit-forge",
            "bowsprit-controllers",
            "bowsprit-web",
            "bowsprit-podutils",
            "stories",
            "world-kubernetes",
            "world-github",
            "world-kubelet",
        ],
    ),
    (
        "stories",
        &[
            "bowsprit",
            "bowsprit-api",
            "bowsprit-decide",
            "bowsprit-forge",
            "bowsprit-controllers",
            "bowsprit-web",
            "world-kubernetes",
            "world-github",
            "world-kubelet",
        ],
    ),
    ("xtask", &["bowsprit-api", "bowsprit-decide"]),
];

/// Crates that alone may name a dependency: what a seam hides stays hidden.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("octocrab", &["bowsprit-forge"]),
    ("rusqlite", &["bowsprit-controllers"]),
    ("kube", &["bowsprit-controllers", "bowsprit", "sandbox", "world-kubelet", "stories"]),
    ("kube-runtime", &["bowsprit-controllers"]),
];

/// Crates that must not be in the tree at all, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls with aws-lc-rs alone"),
    ("native-tls", "TLS is rustls with aws-lc-rs alone"),
    ("serde_yaml", "archived; YAML is serde-saphyr"),
    ("serde_yml", "a shim of an archived crate; YAML is serde-saphyr"),
    ("chrono-tz", "time zones are jiff's"),
];

/// What `decide` must never reach, directly or through others: it could look, wait or act.
const KEPT_FROM_DECIDE: &[&str] =
    &["tokio", "kube-client", "kube-runtime", "octocrab", "reqwest", "hyper", "rand"];

/// Licences that may be in the tree.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "0BSD",
    "BSL-1.0",
    "Zlib",
    "CC0-1.0",
    "Unicode-3.0",
    "Unlicense",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];

/// Prints every broken rule; fails if there is one.
pub fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cargo metadata: is Cargo.lock committed and up to date?")?;
    let mut broken = Vec::new();
    directions(&metadata, &mut broken);
    only_in(&metadata, &mut broken);
    tree(&metadata, &mut broken);
    one_version_of_kube(&metadata, &mut broken);
    for problem in &broken {
        eprintln!("check: {problem}");
    }
    if !broken.is_empty() {
        bail!("{} rule(s) broken", broken.len());
    }
    println!("check: dependency direction, bans, licences and versions hold");
    Ok(())
}

fn normal_dependencies(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
    normal.map(|d| d.name.as_str()).collect()
}

fn directions(metadata: &Metadata, broken: &mut Vec<String>) {
    let allowed: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let ours: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    for package in metadata.workspace_packages() {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            broken.push(format!("{} is not in MAY_DEPEND_ON (xtask/src/check.rs)", package.name));
            continue;
        };
        for dependency in normal_dependencies(package) {
            if ours.contains(dependency) && !allowed.contains(&dependency) {
                broken.push(format!("{} must not depend on {dependency}", package.name));
            }
        }
    }
}

fn only_in(metadata: &Metadata, broken: &mut Vec<String>) {
    for package in metadata.workspace_packages() {
        let dependencies = normal_dependencies(package);
        for (dependency, owners) in ONLY_IN {
            if dependencies.contains(dependency) && !owners.contains(&package.name.as_str()) {
                broken.push(format!("{} must not name {dependency}: only {owners:?} may", package.name));
            }
        }
    }
}

fn tree(metadata: &Metadata, broken: &mut Vec<String>) {
    let in_tree = reachable(metadata, |_| true);
    for package in metadata.packages.iter().filter(|p| in_tree.contains(p.id.repr.as_str())) {
        if let Some((_, why)) = BANNED.iter().find(|(name, _)| *name == package.name.as_str()) {
            broken.push(format!("{} is banned: {why}", package.name));
        }
        let licence = package.license.as_deref().unwrap_or("none given");
        if !licence_is_allowed(licence) {
            broken.push(format!("{} {} has licence {licence:?}", package.name, package.version));
        }
    }
    let from_decide = reachable(metadata, |root| root == "bowsprit-decide");
    for package in metadata.packages.iter().filter(|p| from_decide.contains(p.id.repr.as_str())) {
        if KEPT_FROM_DECIDE.contains(&package.name.as_str()) {
            broken.push(format!("bowsprit-decide reaches {}: it must stay pure", package.name));
        }
    }
}

/// `A OR B` needs one allowed side, `A AND B` both. Parentheses only ever group whole expressions in practice.
fn licence_is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|both| both.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

/// Ids of all packages that the chosen workspace members reach through normal and build dependencies on this platform
/// or any other.
fn reachable(metadata: &Metadata, root: impl Fn(&str) -> bool) -> BTreeSet<&str> {
    let Some(resolve) = &metadata.resolve else { return BTreeSet::new() };
    let nodes: BTreeMap<&str, _> = resolve.nodes.iter().map(|n| (n.id.repr.as_str(), n)).collect();
    let roots = metadata.workspace_packages().into_iter().filter(|p| root(p.name.as_str()));
    let mut todo: Vec<&str> = roots.map(|p| p.id.repr.as_str()).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        for dependency in &node.deps {
            if dependency.dep_kinds.iter().any(|k| k.kind != DependencyKind::Development) {
                todo.push(dependency.pkg.repr.as_str());
            }
        }
    }
    seen
}

fn one_version_of_kube(metadata: &Metadata, broken: &mut Vec<String>) {
    let version = |name: &str| -> Vec<String> {
        metadata.packages.iter().filter(|p| p.name.as_str() == name).map(|p| p.version.to_string()).collect()
    };
    let (kube, runtime) = (version("kube"), version("kube-runtime"));
    if kube != runtime || kube.len() != 1 {
        broken.push(format!("kube {kube:?} and kube-runtime {runtime:?} must be one version"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_expression_needs_an_allowed_choice() {
        assert!(licence_is_allowed("MIT OR GPL-3.0"));
        assert!(licence_is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(licence_is_allowed("MIT/Apache-2.0"));
        assert!(!licence_is_allowed("GPL-3.0"));
        assert!(!licence_is_allowed("MIT AND GPL-3.0"));
    }
}
