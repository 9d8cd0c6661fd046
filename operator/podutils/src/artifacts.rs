//! What a test left behind: the files to upload, and the names they get.
//!
//! The tests run other people's code, so nothing outside the folder is taken for an artifact, whatever links point there
//! (reliability T11). What is not taken is told, and the rest goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// Its name in the run's folder, as in `artifacts/junit.xml`.
    pub name: String,
    /// Its path below the item that it belongs to; for an item that is a file, its name.
    pub below: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// The files of an item: the file itself, or all in a folder, under the item's own name. In order.
pub(crate) fn of_item(item: &Path) -> Vec<Artifact> {
    let Some(name) = item.file_name().and_then(|name| name.to_str()) else {
        tracing::warn!(item = %item.display(), "the item has no name, so it is not uploaded");
        return Vec::new();
    };
    let Ok(root) = item.canonicalize() else {
        tracing::warn!(item = %item.display(), "there is no such file, so it is not uploaded");
        return Vec::new();
    };
    if root.is_file() {
        return vec![Artifact { name: name.to_owned(), below: name.to_owned(), path: root }];
    }
    let mut found = Vec::new();
    collect(&root, &root, "", &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(below, path)| Artifact { name: format!("{name}/{below}"), below, path }).collect()
}

fn collect(root: &Path, folder: &Path, below: &str, found: &mut Vec<(String, PathBuf)>) {
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "cannot be read, so it is not uploaded");
            return;
        }
    };
    for entry in entries {
        let path = entry.path();
        match one(root, &path, below) {
            Ok(Found::Folder(below)) => collect(root, &path, &below, found),
            Ok(Found::File(below, path)) => found.push((below, path)),
            Err(why) => tracing::warn!(path = %path.display(), "{why}, so it is not uploaded"),
        }
    }
}

enum Found {
    Folder(String),
    File(String, PathBuf),
}

fn one(root: &Path, path: &Path, below: &str) -> Result<Found, String> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("its name is not UTF-8")?;
    let below = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
    let kind = fs::symlink_metadata(path).map_err(|error| error.to_string())?.file_type();
    if kind.is_dir() {
        return Ok(Found::Folder(below));
    }
    if kind.is_file() {
        return Ok(Found::File(below, path.to_owned()));
    }
    if !kind.is_symlink() {
        return Err("it is neither a file nor a folder".to_owned());
    }
    let target = path.canonicalize().map_err(|error| format!("its target: {error}"))?;
    if target.starts_with(root) && target.is_file() {
        return Ok(Found::File(below, target));
    }
    Err("it is a link to something that is no file of the same folder".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_out_of_the_folder_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = folder.path().join("artifacts");
        fs::create_dir_all(artifacts.join("deep")).unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        fs::write(artifacts.join("deep/junit.xml"), "x").unwrap();
        symlink("deep/junit.xml", artifacts.join("junit.xml")).unwrap();
        symlink(folder.path().join("secret"), artifacts.join("stolen")).unwrap();
        symlink("../..", artifacts.join("deep/up")).unwrap();
        symlink("nowhere", artifacts.join("dangling")).unwrap();
        let names: Vec<String> = of_item(&artifacts).into_iter().map(|artifact| artifact.name).collect();
        assert_eq!(names, ["artifacts/deep/junit.xml", "artifacts/junit.xml"]);
    }

    #[test]
    fn an_item_may_be_a_file_or_missing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.txt");
        fs::write(&file, "x").unwrap();
        assert_eq!(of_item(&file)[0].name, "report.txt");
        assert_eq!(of_item(&folder.path().join("missing")), []);
    }
}
