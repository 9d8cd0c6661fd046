//! How a container's process is kept apart: a mount namespace where the machine allows one, else nothing but its own
//! process group.

use crate::root::{Machine, Mount, Step, plan};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What this machine allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Mount namespaces, as root.
    Namespaces,
    /// Mount namespaces inside a user namespace.
    UserNamespaces,
    /// None: volumes are not at their paths; the paths are rewritten in commands and environment.
    Plain,
}

impl Isolation {
    /// Tries what is possible here.
    pub fn probe() -> Self {
        let works = |arguments: &[&str]| {
            let probe = "mount -t tmpfs none /mnt 2>/dev/null || mount -t tmpfs none /tmp";
            let status = Command::new("unshare")
                .args(arguments)
                .args(["sh", "-c", probe])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        if works(ROOT) {
            Self::Namespaces
        } else if works(USER) {
            Self::UserNamespaces
        } else {
            Self::Plain
        }
    }

    /// One line for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Namespaces => "containers run in mount namespaces",
            Self::UserNamespaces => "containers run in mount namespaces of a user namespace",
            Self::Plain => {
                "this machine allows no mount namespaces: containers are plain processes, and the paths of their \
                 volumes are rewritten"
            }
        }
    }
}

const ROOT: &[&str] = &["--mount", "--propagation", "private"];
const USER: &[&str] = &["--user", "--map-root-user", "--mount", "--propagation", "private"];

/// Makes the tree in a tmpfs, then enters it. The steps come from a file, one a line, fields between tabs; nothing of
/// them is ever read as shell text.
const ENTER: &str = r#"
set -eu
root=$1 steps=$2 workdir=$3
shift 3
mount -t tmpfs -o mode=755 none "$root"
tab=$(printf '\t')
while IFS="$tab" read -r what path other; do
  case "$what" in
    folder) mkdir -p "$root$path" ;;
    file) mkdir -p "$(dirname "$root$path")"; [ -e "$root$path" ] || : > "$root$path" ;;
    link) ln -sfn "$other" "$root$path" ;;
    show) mount --rbind "$other" "$root$path" ;;
    protect) mount -o remount,bind,ro "$root$path" ;;
  esac
done < "$steps"
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$workdir" "$@"
"#;

/// A command line ready to be started.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) folder: Option<PathBuf>,
}

/// Prepares a container's command: `scratch` is a folder of its own.
pub(crate) fn prepare(
    isolation: Isolation,
    scratch: &Path,
    mounts: &[Mount],
    workdir: Option<&str>,
    command_line: &[String],
    environment: Vec<(String, String)>,
) -> std::io::Result<Prepared> {
    let flags = match isolation {
        Isolation::Namespaces => ROOT,
        Isolation::UserNamespaces => USER,
        Isolation::Plain => return Ok(plain(mounts, workdir, command_line, environment)),
    };
    let root = scratch.join("root");
    std::fs::create_dir_all(&root)?;
    let steps = scratch.join("steps");
    std::fs::write(&steps, written(&plan(&Machine, mounts)))?;
    let mut arguments: Vec<String> = flags.iter().map(ToString::to_string).collect();
    arguments.extend(["/bin/sh", "-c", ENTER, "sh"].map(str::to_owned));
    arguments.extend([root.display().to_string(), steps.display().to_string()]);
    arguments.push(workdir.unwrap_or("/").to_owned());
    arguments.extend(command_line.iter().cloned());
    Ok(Prepared { program: "unshare".to_owned(), arguments, environment, folder: None })
}

fn written(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let _ = match step {
            Step::Folder(path) => writeln!(text, "folder\t{}", path.display()),
            Step::File(path) => writeln!(text, "file\t{}", path.display()),
            Step::Link { path, to } => writeln!(text, "link\t{}\t{}", path.display(), to.display()),
            Step::Show { source, path } => writeln!(text, "show\t{}\t{}", path.display(), source.display()),
            Step::Protect(path) => writeln!(text, "protect\t{}", path.display()),
        };
    }
    text
}

/// Without namespaces: the paths of volumes become those of their folders wherever they are written.
fn plain(
    mounts: &[Mount],
    workdir: Option<&str>,
    command_line: &[String],
    environment: Vec<(String, String)>,
) -> Prepared {
    let rewrite = |text: &str| rewritten(text, mounts);
    let mut words = command_line.iter().map(|word| rewrite(word));
    Prepared {
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
        environment: environment.into_iter().map(|(name, value)| (name, rewrite(&value))).collect(),
        folder: workdir.map(|folder| PathBuf::from(rewrite(folder))),
    }
}

fn rewritten(text: &str, mounts: &[Mount]) -> String {
    let mut longest_first: Vec<&Mount> = mounts.iter().collect();
    longest_first.sort_by_key(|mount| std::cmp::Reverse(mount.path.as_os_str().len()));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'text: while let Some(first) = rest.chars().next() {
        let starts_a_path = !out.ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c));
        for mount in &longest_first {
            let path = mount.path.to_string_lossy();
            if let Some(after) = rest.strip_prefix(path.as_ref())
                && starts_a_path
                && !after.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c))
            {
                out.push_str(&mount.source.to_string_lossy());
                rest = after;
                continue 'text;
            }
        }
        out.push(first);
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_of_volumes_are_rewritten() {
        let mount =
            |source: &str, path: &str| Mount { source: source.into(), path: path.into(), read_only: false };
        let mounts = [mount("/p/logs", "/logs"), mount("/p/deep", "/logs/deep")];
        let text = r#"{"log":"/logs/a.txt","deep":"/logs/deep","other":"/var/logs /logs2"}"#;
        let want = r#"{"log":"/p/logs/a.txt","deep":"/p/deep","other":"/var/logs /logs2"}"#;
        assert_eq!(rewritten(text, &mounts), want);
    }
}
