//! Reading the cases: JSON Lines, plain or gzipped, from our own folder or from the corpus outside.

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// One question with Prow's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Names the case; stable.
    pub id: String,
    /// The question.
    pub input: Value,
    /// What Prow answers.
    pub want: Value,
    /// Where Prow's answer depends on chance: every answer that is right.
    #[serde(default)]
    pub any_of: Vec<Value>,
    /// Why Prow's answer may be an accident.
    #[serde(default)]
    pub quirk: Value,
}

/// The folder with other projects' configuration, outside the repository.
#[derive(Clone, Debug)]
pub struct Corpus {
    root: PathBuf,
}

/// The synthetic cases of `area/file` (as in `jobs/trigger-pr`).
///
/// # Panics
/// Where the file is missing or broken: it is part of this repository.
pub fn synthetic(area_file: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    read(&folder, area_file)
        .unwrap_or_else(|problem| panic!("{}: {problem}", folder.join(area_file).display()))
}

/// The corpus, or `None` with a printed word about what is skipped for want of it.
pub fn corpus(what: &str) -> Option<Corpus> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root =
        std::env::var_os("BOWSPRIT_CORPUS").map_or_else(|| repository.join("../shared"), PathBuf::from);
    if root.join("corpus").is_dir() && root.join("golden").is_dir() {
        return Some(Corpus { root });
    }
    println!("skipped {what}: no corpus at {} (set BOWSPRIT_CORPUS)", root.display());
    None
}

impl Corpus {
    /// The cases of `golden/corpus/FILE`.
    ///
    /// # Panics
    /// Where the file is missing or broken.
    pub fn cases(&self, file: &str) -> Vec<Case> {
        let folder = self.root.join("golden/corpus");
        read(&folder, file).unwrap_or_else(|problem| panic!("{}: {problem}", folder.join(file).display()))
    }

    /// A file of other projects' configuration, by its path below `corpus/`.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join("corpus").join(below)
    }

    /// A file beside the cases, by its path below `golden/corpus/`.
    pub fn golden_path(&self, below: &str) -> PathBuf {
        self.root.join("golden/corpus").join(below)
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<Case>, String> {
    let gzipped = folder.join(format!("{name}.jsonl.gz"));
    let mut text = String::new();
    if gzipped.exists() {
        let file = std::fs::File::open(&gzipped).map_err(|e| e.to_string())?;
        GzDecoder::new(file).read_to_string(&mut text).map_err(|e| e.to_string())?;
    } else {
        text = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).map_err(|e| e.to_string())?;
    }
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).map_err(|e| e.to_string()))
        .collect()
}
