//! The file tree that a container sees: the host's, with the pod's volumes at their paths.
//!
//! Nothing is made on the host for it. Every folder on the way to a volume is a folder of our own, in which the host's
//! other entries are shown; the plan is plain steps, so that it can be tested without any right.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// A volume at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// What is shown.
    pub(crate) source: PathBuf,
    /// Where.
    pub(crate) path: PathBuf,
    /// Whether it can be changed.
    pub(crate) read_only: bool,
}

/// One step of making the tree; paths are inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Folder(PathBuf),
    File(PathBuf),
    Link { path: PathBuf, to: PathBuf },
    Show { source: PathBuf, path: PathBuf },
    Protect(PathBuf),
}

/// What the host has at a path.
pub(crate) enum Entry {
    Folder,
    File,
    Link(PathBuf),
}

/// Looks at the host.
pub(crate) trait Host {
    fn entries(&self, folder: &Path) -> Vec<(OsString, Entry)>;
    fn is_folder(&self, path: &Path) -> bool;
}

/// The steps, in order.
pub(crate) fn plan(host: &impl Host, mounts: &[Mount]) -> Vec<Step> {
    // Folders of our own: the root, and every folder above a volume that is not inside another volume.
    let mut ours = BTreeSet::from([PathBuf::from("/")]);
    let inside_volume = |path: &Path| mounts.iter().any(|mount| path.starts_with(&mount.path));
    for mount in mounts {
        let above = mount.path.ancestors().skip(1).filter(|folder| !inside_volume(folder));
        ours.extend(above.map(Path::to_owned));
    }
    let taken = |path: &Path| ours.contains(path) || mounts.iter().any(|mount| mount.path == path);
    let mut steps = Vec::new();
    for folder in &ours {
        if folder != Path::new("/") {
            steps.push(Step::Folder(folder.clone()));
        }
        for (name, entry) in host.entries(folder) {
            let path = folder.join(name);
            if taken(&path) {
                continue;
            }
            match entry {
                Entry::Link(to) => steps.push(Step::Link { path, to }),
                Entry::Folder => {
                    steps.push(Step::Folder(path.clone()));
                    steps.push(Step::Show { source: path.clone(), path });
                }
                Entry::File => {
                    steps.push(Step::File(path.clone()));
                    steps.push(Step::Show { source: path.clone(), path });
                }
            }
        }
    }
    // A volume inside another one comes after it.
    let mut in_order: Vec<&Mount> = mounts.iter().collect();
    in_order.sort_by_key(|mount| mount.path.components().count());
    for mount in in_order {
        let point = if host.is_folder(&mount.source) { Step::Folder } else { Step::File };
        steps.push(point(mount.path.clone()));
        steps.push(Step::Show { source: mount.source.clone(), path: mount.path.clone() });
        if mount.read_only {
            steps.push(Step::Protect(mount.path.clone()));
        }
    }
    steps
}

/// This machine.
pub(crate) struct Machine;

impl Host for Machine {
    fn entries(&self, folder: &Path) -> Vec<(OsString, Entry)> {
        let mut entries: Vec<(OsString, Entry)> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let kind = entry.file_type().ok()?;
                let what = if kind.is_symlink() {
                    Entry::Link(std::fs::read_link(entry.path()).ok()?)
                } else if kind.is_dir() {
                    Entry::Folder
                } else if kind.is_file() {
                    Entry::File
                } else {
                    return None; // sockets and devices outside /dev are nothing to a job
                };
                Some((entry.file_name(), what))
            })
            .collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sketch;
    impl Host for Sketch {
        fn entries(&self, folder: &Path) -> Vec<(OsString, Entry)> {
            let list: &[(&str, Entry)] = match folder.to_str() {
                Some("/") => {
                    &[("bin", Entry::Link(PathBuf::new())), ("home", Entry::Folder), ("usr", Entry::Folder)]
                }
                Some("/home") => &[("robin", Entry::Folder), ("note", Entry::File)],
                _ => &[],
            };
            list.iter()
                .map(|(name, entry)| {
                    let entry = match entry {
                        Entry::Folder => Entry::Folder,
                        Entry::File => Entry::File,
                        Entry::Link(_) => Entry::Link("usr/bin".into()),
                    };
                    (OsString::from(name), entry)
                })
                .collect()
        }
        fn is_folder(&self, path: &Path) -> bool {
            path != Path::new("/pod/token")
        }
    }

    fn mount(source: &str, path: &str) -> Mount {
        Mount { source: source.into(), path: path.into(), read_only: false }
    }

    #[test]
    fn a_volume_in_a_folder_that_the_host_lacks_needs_nothing_made_on_the_host() {
        let steps = plan(&Sketch, &[mount("/pod/code", "/home/prow/go")]);
        let place = |step: &Step| {
            steps.iter().position(|s| s == step).unwrap_or_else(|| panic!("{step:?}: {steps:#?}"))
        };
        assert!(place(&Step::Folder("/home/prow".into())) < place(&Step::Folder("/home/prow/go".into())));
        place(&Step::Show { source: "/home/robin".into(), path: "/home/robin".into() });
        place(&Step::Show { source: "/pod/code".into(), path: "/home/prow/go".into() });
        assert!(!steps.contains(&Step::Show { source: "/home".into(), path: "/home".into() }));
        place(&Step::Link { path: "/bin".into(), to: "usr/bin".into() });
    }

    #[test]
    fn a_volume_inside_a_volume_is_shown_after_it() {
        let steps = plan(&Sketch, &[mount("/pod/token", "/logs/secret/token"), mount("/pod/logs", "/logs")]);
        let outer =
            steps.iter().position(|s| *s == Step::Show { source: "/pod/logs".into(), path: "/logs".into() });
        let inner = steps.iter().position(|s| *s == Step::File("/logs/secret/token".into()));
        assert!(outer < inner && outer.is_some(), "{steps:#?}");
    }
}
