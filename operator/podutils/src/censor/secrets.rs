//! Which texts are secret: every file of the folders of secrets, what such files hold inside, and how it may look encoded.

use crate::clone::escaped;
use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};
use api::podutils::SidecarCensoring;
use data_encoding::BASE64;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// Stands in every byte's place, so that sizes and offsets stay.
const BLANK: u8 = b'X';

/// All secrets. Debug output shows none.
pub(super) struct Secrets {
    search: AhoCorasick,
    longest: usize,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.search.patterns_len())
    }
}

impl Secrets {
    /// Secrets from their texts; `None` where there are none.
    pub(super) fn new(texts: &BTreeSet<Vec<u8>>) -> Result<Option<Self>> {
        let Some(longest) = texts.iter().map(Vec::len).max() else { return Ok(None) };
        // The error does not quote a pattern.
        let search = AhoCorasick::new(texts).context("the secrets are too many to search for")?;
        Ok(Some(Self { search, longest }))
    }

    /// Bytes of the longest secret; at least 1.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Where secrets stand. They may overlap.
    pub(super) fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        self.search.find_overlapping_iter(bytes).map(|found| found.range())
    }

    /// Blanks all secrets; whether there were any.
    pub(super) fn blank(&self, bytes: &mut [u8]) -> bool {
        let found: Vec<Range<usize>> = self.find(bytes).collect();
        for range in &found {
            blank(bytes, range.clone());
        }
        !found.is_empty()
    }
}

pub(super) fn blank(bytes: &mut [u8], range: Range<usize>) {
    if let Some(secret) = bytes.get_mut(range) {
        secret.fill(BLANK);
    }
}

/// Reads all secrets of the folders; `None` where there are none.
pub(super) fn read(options: &SidecarCensoring) -> Result<Option<Secrets>> {
    let least = usize::try_from(options.options.minimum_secret_length.unwrap_or(0)).unwrap_or(0);
    let mut texts = BTreeSet::new();
    for folder in &options.secret_directories {
        for path in files(Path::new(folder))? {
            let content = fs::read(&path).with_context(|| format!("secret {}", path.display()))?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let ini = options.ini_filenames.iter().any(|listed| listed == name);
            for value in inside(name, ini, &content) {
                texts.extend(forms(&value));
            }
            texts.extend(forms(&content));
        }
    }
    texts.retain(|text| !text.is_empty() && text.len() >= least && !is_a_word_of_logs(text));
    Secrets::new(&texts)
}

/// Files of a folder and of those in it, without the names with two dots in front, which Kubernetes keeps for itself.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let named = |path: &Path| format!("folder of secrets {}", path.display());
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    // A link that leads upwards must not lead round and round.
    let mut seen = BTreeSet::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| named(&folder))? {
            let entry = entry.with_context(|| named(&folder))?;
            if entry.file_name().to_string_lossy().starts_with("..") {
                continue;
            }
            let path = entry.path();
            // The files and folders of a mounted Secret are links to what Kubernetes keeps for itself.
            let real = path.canonicalize().with_context(|| named(&path))?;
            match (real.is_dir(), seen.insert(real)) {
                (true, true) => open.push(path),
                (true, false) => {}
                (false, _) => found.push(path),
            }
        }
    }
    Ok(found)
}

/// Secrets that stand inside a file of a known kind.
fn inside(name: &str, ini: bool, content: &[u8]) -> Vec<Vec<u8>> {
    match name {
        ".dockercfg" | ".dockerconfigjson" => docker(content),
        _ if ini => ini_values(content),
        _ => Vec::new(),
    }
}

/// `auth` and `password` of every registry.
fn docker(content: &[u8]) -> Vec<Vec<u8>> {
    let config: Value = serde_json::from_slice(content).unwrap_or_default();
    let registries = config.get("auths").unwrap_or(&config).as_object();
    let logins = registries.into_iter().flat_map(|registries| registries.values());
    let values = logins.flat_map(|login| [login.get("auth"), login.get("password")]);
    values.flatten().filter_map(Value::as_str).map(|value| value.as_bytes().to_vec()).collect()
}

/// The values of `name = value` lines.
fn ini_values(content: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(content);
    let values = text.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value.trim());
    values.map(|value| value.trim_matches('"').as_bytes().to_vec()).collect()
}

/// A secret as it stands, and as it may stand in logs.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = value.trim_ascii();
    let mut forms =
        vec![trimmed.to_vec(), BASE64.encode(value).into_bytes(), BASE64.encode(trimmed).into_bytes()];
    if let Ok(text) = str::from_utf8(trimmed) {
        forms.push(escaped(text).into_bytes());
    }
    forms
}

/// Settings that lie among secrets, and without which no log could be read.
fn is_a_word_of_logs(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::decoration::CensoringOptions;

    fn read_files(files: &[(&str, &str)], least: i64) -> Option<Secrets> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        read(&SidecarCensoring {
            secret_directories: vec![folder.path().display().to_string()],
            options: CensoringOptions { minimum_secret_length: Some(least), ..CensoringOptions::default() },
            ini_filenames: vec!["credentials".to_owned()],
        })
        .unwrap()
    }

    fn blanked(secrets: &Secrets, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        secrets.blank(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_secret_is_found_plain_encoded_and_escaped() {
        let secrets = read_files(&[("token", "a/b c\n")], 0).unwrap();
        let encoded = [BASE64.encode(b"a/b c\n"), BASE64.encode(b"a/b c"), "a%2Fb%20c".to_owned()];
        assert_eq!(blanked(&secrets, "<a/b c>"), "<XXXXX>");
        for form in encoded {
            assert_eq!(blanked(&secrets, &form), "X".repeat(form.len()), "{form}");
        }
    }

    #[test]
    fn secrets_inside_known_files_are_found() {
        let docker = r#"{"auths": {"registry.example": {"auth": "dTpwdw==", "password": "hunter2"}}}"#;
        let secrets =
            read_files(&[(".dockerconfigjson", docker), ("credentials", "[default]\nkey = \"s3cret\"")], 0)
                .unwrap();
        assert_eq!(blanked(&secrets, "hunter2 dTpwdw== s3cret"), "XXXXXXX XXXXXXXX XXXXXX");
    }

    #[test]
    fn secrets_are_found_as_kubernetes_mounts_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("..2026/deep")).unwrap();
        fs::write(folder.path().join("..2026/deep/token"), "hunter2").unwrap();
        std::os::unix::fs::symlink("..2026", folder.path().join("..data")).unwrap();
        std::os::unix::fs::symlink("..data/deep", folder.path().join("deep")).unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("..2026/deep/up")).unwrap();
        assert!(files(folder.path()).unwrap().contains(&folder.path().join("deep/token")));
    }

    #[test]
    fn overlapping_secrets_are_blanked_whole() {
        let secrets = read_files(&[("one", "abcd"), ("two", "cdef")], 0).unwrap();
        assert_eq!(blanked(&secrets, ".abcdef."), ".XXXXXX.");
    }

    #[test]
    fn settings_and_short_values_are_no_secrets() {
        let plain = read_files(&[("flag", "True"), ("pin", "42")], 3).unwrap();
        assert_eq!(blanked(&plain, "true 42"), "true 42");
        assert!(read_files(&[("empty", "")], 0).is_none());
    }
}
