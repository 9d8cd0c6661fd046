//! Where things lie in a decorated pod: names, mount paths and volumes. Scripts, images and readers rely on them.

use api::decoration::{DecorationConfig, SecretKey};
use serde_json::{Value, json};

pub(super) const LOGS: &str = "logs";
pub(super) const TOOLS: &str = "tools";
pub(super) const CODE: &str = "code";
/// The volume with Google's credentials.
pub const GCS_CREDENTIALS: &str = "gcs-credentials";
/// The volume with the credentials of S3-compatible storage.
pub const S3_CREDENTIALS: &str = "s3-credentials";
const OUTPUT: &str = "output";
const CLONE_TMP: &str = "clonerefs-tmp";
const COOKIE_FILE: &str = "cookiefile";

pub(super) const LOGS_PATH: &str = "/logs";
pub(super) const TOOLS_PATH: &str = "/tools";
pub(super) const CODE_PATH: &str = "/home/prow/go";
pub(super) const ARTIFACTS_PATH: &str = "/logs/artifacts";
pub(super) const CLONE_LOG: &str = "/logs/clone.json";
const GCS_PATH: &str = "/secrets/gcs";
const S3_PATH: &str = "/secrets/s3-storage";
const SSH_PATH: &str = "/secrets/ssh";
const OAUTH_PATH: &str = "/secrets/oauth";
const APP_KEY_PATH: &str = "/secrets/github-app";
const COOKIE_PATH: &str = "/secrets/cookiefile";
const OUTPUT_PATH: &str = "/output";

/// Only the owner reads it: ssh and git refuse keys that others can read.
const OWNER_READS: u32 = 0o400;

pub(super) fn mount(name: &str, path: &str) -> Value {
    json!({ "name": name, "mountPath": path })
}

fn mount_read_only(name: &str, path: &str) -> Value {
    json!({ "name": name, "mountPath": path, "readOnly": true })
}

pub(super) fn empty_dir(name: &str) -> Value {
    json!({ "name": name, "emptyDir": {} })
}

/// A volume, where the utility that needs it mounts it, and the file in it that matters.
struct Credential {
    volume: Value,
    mount: Value,
    file: String,
}

/// One key of a Secret as a volume; `./` keeps a key that looks like an absolute path inside.
fn one_key(secret: &SecretKey, path: &str) -> Credential {
    Credential {
        volume: json!({ "name": secret.name, "secret": {
            "secretName": secret.name,
            "items": [{ "key": secret.key, "path": format!("./{}", secret.key) }],
        } }),
        mount: mount_read_only(&secret.name, path),
        file: format!("{path}/{}", secret.key),
    }
}

/// What the storage credentials need: volumes, mounts and the files to read.
#[derive(Debug, Default)]
pub(super) struct Storage {
    pub volumes: Vec<Value>,
    pub mounts: Vec<Value>,
    pub gcs_file: String,
    pub s3_file: String,
    /// Results go to this folder in the pod instead of a bucket.
    pub local_output_dir: Option<String>,
}

/// The storage of a pod: credentials, or in local mode a folder of the machine.
pub(super) fn storage(decoration: &DecorationConfig, local_output_dir: Option<&str>) -> Storage {
    let mut storage = Storage::default();
    if let Some(dir) = local_output_dir {
        storage.volumes.push(json!({ "name": OUTPUT, "hostPath": { "path": dir } }));
        storage.mounts.push(mount(OUTPUT, OUTPUT_PATH));
        storage.local_output_dir = Some(OUTPUT_PATH.to_owned());
        return storage;
    }
    let mut add = |secret: &Option<String>, name: &str, path: &str| -> String {
        let Some(secret) = secret.as_deref().filter(|s| !s.is_empty()) else { return String::new() };
        storage.volumes.push(json!({ "name": name, "secret": { "secretName": secret } }));
        storage.mounts.push(mount(name, path));
        format!("{path}/service-account.json")
    };
    let gcs_file = add(&decoration.gcs_credentials_secret, GCS_CREDENTIALS, GCS_PATH);
    let s3_file = add(&decoration.s3_credentials_secret, S3_CREDENTIALS, S3_PATH);
    Storage { gcs_file, s3_file, ..storage }
}

/// What cloning needs besides the code volume, and the files that clonerefs is told to read.
#[derive(Debug, Default)]
pub(super) struct Cloning {
    pub volumes: Vec<Value>,
    pub mounts: Vec<Value>,
    pub key_files: Vec<String>,
    pub oauth_token_file: String,
    pub app_key_file: String,
    pub cookie_file: String,
}

pub(super) fn cloning(decoration: &DecorationConfig) -> Cloning {
    let mut cloning = Cloning::default();
    for secret in decoration.ssh_key_secrets.iter().flatten() {
        let (name, path) = (format!("ssh-keys-{secret}"), format!("{SSH_PATH}/{secret}"));
        cloning.volumes.push(json!({ "name": name, "secret": {
            "secretName": secret, "defaultMode": OWNER_READS,
        } }));
        cloning.mounts.push(mount_read_only(&name, &path));
        cloning.key_files.push(path);
    }
    let mut add = |credential: Credential| -> String {
        cloning.volumes.push(credential.volume);
        cloning.mounts.push(credential.mount);
        credential.file
    };
    let given = |secret: &Option<SecretKey>| secret.clone().filter(|s| !s.name.is_empty());
    let token = given(&decoration.oauth_token_secret).map(|s| add(one_key(&s, OAUTH_PATH)));
    let app_key = given(&decoration.github_app_private_key_secret).map(|s| add(one_key(&s, APP_KEY_PATH)));
    // clonerefs writes known_hosts and the agent's socket; its image may be read-only.
    add(Credential { volume: empty_dir(CLONE_TMP), mount: mount(CLONE_TMP, "/tmp"), file: String::new() });
    let cookie = decoration.cookiefile_secret.as_deref().filter(|s| !s.is_empty()).map(|spec| {
        let (secret, key) = spec.split_once('/').unwrap_or((spec, spec));
        add(Credential {
            volume: json!({ "name": COOKIE_FILE, "secret": {
                "secretName": secret, "defaultMode": OWNER_READS,
            } }),
            mount: mount_read_only(COOKIE_FILE, COOKIE_PATH),
            file: format!("{COOKIE_PATH}/{key}"),
        })
    });
    Cloning {
        oauth_token_file: token.unwrap_or_default(),
        app_key_file: app_key.unwrap_or_default(),
        cookie_file: cookie.unwrap_or_default(),
        ..cloning
    }
}
