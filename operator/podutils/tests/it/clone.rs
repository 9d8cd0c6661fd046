//! `clonerefs`, with real git.

use crate::{
    git::{Repository, git},
    programs::{eventually, is_alive, json, program, text},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

fn clone(options: &Value, home: &Path) -> Output {
    program("clonerefs", &[("CLONEREFS_OPTIONS", options)])
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("TMPDIR", home)
        .env("no_proxy", "*")
        .output()
        .unwrap()
}

fn cloned(root: &Path) -> PathBuf {
    root.join("src/github.com/acme/widgets")
}

#[test]
fn two_pulls_are_merged_in_their_order_and_the_same_refs_give_the_same_commit() {
    let repository = Repository::new();
    let pulls = [repository.pull(7, "seven", "7\n"), repository.pull(3, "three", "3\n")];
    let home = repository.folder.path();
    let mut commits = Vec::new();
    for name in ["one", "two"] {
        let root = home.join(name);
        let output = clone(&repository.options(&root, &pulls), home);
        assert!(output.status.success(), "{output:?}");
        let records = json(root.join("clone.json"));
        assert_eq!(records.as_array().unwrap().len(), 2, "the setup and one repository");
        assert_eq!(records[1].get("failed"), None, "{records:#}");
        let dir = cloned(&root);
        assert_eq!((text(dir.join("seven")), text(dir.join("three"))), ("7\n".into(), "3\n".into()));
        let second_parents = ["HEAD^2", "HEAD~1^2"].map(|commit| git(&dir, home, &["rev-parse", commit]));
        assert_eq!(second_parents, [&pulls[1], &pulls[0]].map(|pull| pull["sha"].as_str().unwrap()));
        assert_eq!(git(&dir, home, &["branch", "--show-current"]), "main");
        assert_eq!(records[1]["final_sha"], git(&dir, home, &["rev-parse", "HEAD"]));
        commits.push(records[1]["final_sha"].clone());
    }
    assert_eq!(commits[0], commits[1]);
}

#[test]
fn merges_see_the_configuration_that_the_image_brings() {
    let repository = Repository::new();
    let home = repository.folder.path();
    fs::write(home.join(".gitconfig"), "[user]\n name = from home\n email = home@acme.example\n").unwrap();
    let root = home.join("root");
    let mut options = repository.options(&root, &[repository.pull(7, "seven", "7\n")]);
    options["git_user_name"] = json!("");
    options["git_user_email"] = json!("");
    assert!(clone(&options, home).status.success());
    assert_eq!(git(&cloned(&root), home, &["log", "-1", "--format=%an"]), "from home");
}

#[test]
fn a_failed_clone_is_written_down_and_only_told_by_the_exit_code_where_this_is_asked_for() {
    let repository = Repository::new();
    let pulls = [repository.pull(7, "README", "seven\n"), repository.pull(3, "README", "three\n")];
    let home = repository.folder.path();
    let root = home.join("root");
    let mut options = repository.options(&root, &pulls);
    assert!(clone(&options, home).status.success());
    let records = json(root.join("clone.json"));
    assert_eq!(records[1]["failed"], true);
    let last = records[1]["commands"].as_array().unwrap().last().unwrap();
    assert!(last["command"].as_str().unwrap().contains("git merge --no-ff"), "{last}");
    assert!(last["output"].as_str().unwrap().contains("CONFLICT"), "{last}");

    let again = home.join("again");
    options = repository.options(&again, &pulls);
    options["fail"] = json!(true);
    assert_eq!(clone(&options, home).status.code(), Some(1));
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_is_done() {
    let repository = Repository::new();
    let home = repository.folder.path();
    let root = home.join("root");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut options = repository.options(&root, &[]);
        change(&mut options);
        let output = clone(&options, home);
        assert_eq!(output.status.code(), Some(1));
        assert!(!root.exists());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&|options| options["refs"] = json!([])).contains("nothing to clone"));
    let twice = refused(&|options| options["refs"] = json!([options["refs"][0], options["refs"][0]]));
    assert!(twice.contains("twice"), "{twice}");
    let both = refused(&|options| {
        options["github_app_id"] = json!("1");
        options["oauth_token_file"] = json!("/x");
    });
    assert!(both.contains("exclude each other"), "{both}");
}

#[test]
fn a_login_that_cannot_be_had_is_told_where_people_look() {
    let repository = Repository::new();
    let home = repository.folder.path();
    for (field, value) in [("github_app_id", "1"), ("oauth_token_file", "/does/not/exist")] {
        let root = home.join(field);
        let mut options = repository.options(&root, &[]);
        options[field] = json!(value);
        assert!(clone(&options, home).status.success());
        let records = json(root.join("clone.json"));
        assert_eq!((records.as_array().unwrap().len(), &records[0]["failed"]), (1, &json!(true)));
        let told = records[0]["commands"][0]["error"].as_str().unwrap();
        assert!(told.contains("oauth_token_secret") || told.contains(value), "{told}");
    }
}

#[test]
fn one_repository_that_cannot_be_cloned_stops_no_other() {
    let repository = Repository::new();
    let home = repository.folder.path();
    let root = home.join("root");
    let mut options = repository.options(&root, &[]);
    let mut bad = options["refs"][0].clone();
    bad["path_alias"] = json!("../../etc");
    options["refs"] = json!([bad, options["refs"][0]]);
    assert!(clone(&options, home).status.success());
    let records = json(root.join("clone.json"));
    assert_eq!(records[1]["failed"], true);
    assert!(records[1]["commands"][0]["error"].as_str().unwrap().contains("path_alias"));
    assert_eq!(records[2].get("failed"), None);
    assert!(cloned(&root).join("README").exists());
}

#[test]
fn keys_are_held_by_an_agent_that_ends_with_the_clone() {
    let repository = Repository::new();
    let home = repository.folder.path();
    let keys = home.join("keys");
    fs::create_dir(&keys).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(keys.join("id"))
        .status();
    assert!(made.unwrap().success());
    fs::remove_file(keys.join("id.pub")).unwrap();
    let root = home.join("root");
    let mut options = repository.options(&root, &[]);
    options["key_files"] = json!([keys]);
    options["host_fingerprints"] = json!(["git.example ssh-ed25519 AAAA"]);
    let output = clone(&options, home);
    assert!(output.status.success(), "{output:?}");
    let records = json(root.join("clone.json"));
    let added = records[0]["commands"][0]["command"].as_str().unwrap();
    assert_eq!(added, format!("ssh-add {}", keys.join("id").display()));
    assert_eq!(text(home.join("known_hosts")), "git.example ssh-ed25519 AAAA\n");
    let command = records[1]["commands"][1]["command"].as_str().unwrap();
    assert!(command.contains("GIT_SSH_COMMAND=ssh -o UserKnownHostsFile="), "{command}");
    let agent = command.split(' ').find_map(|word| word.strip_prefix("SSH_AGENT_PID=")).unwrap();
    eventually("the agent ends", || (!is_alive(agent)).then_some(()));
}

#[test]
fn a_key_that_is_none_fails_the_setup_and_nothing_is_cloned() {
    let repository = Repository::new();
    let home = repository.folder.path();
    fs::write(home.join("key"), "not a key\n").unwrap();
    let root = home.join("root");
    let mut options = repository.options(&root, &[]);
    options["key_files"] = json!([home.join("key")]);
    assert!(clone(&options, home).status.success());
    let records = json(root.join("clone.json"));
    assert_eq!((records.as_array().unwrap().len(), &records[0]["failed"]), (1, &json!(true)));
    assert!(!cloned(&root).exists());
}

/// Serves the files of a folder to those who know the password, and remembers who asked.
struct Server {
    address: String,
    logins: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    fn start(folder: PathBuf, login: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let logins = Arc::new(Mutex::new(Vec::new()));
        let (seen, login) = (logins.clone(), format!("Basic {login}"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &folder, &login, &seen);
            }
        });
        Self { address, logins }
    }
}

fn answer(mut stream: TcpStream, folder: &Path, login: &str, seen: &Mutex<Vec<Option<String>>>) {
    let lines: Vec<String> = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or("/");
    let path = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let given = lines.iter().find_map(|line| line.strip_prefix("Authorization: ")).map(str::to_owned);
    let allowed = given.as_deref() == Some(login);
    seen.lock().unwrap().push(given);
    let (status, body) = match fs::read(folder.join(path)) {
        _ if !allowed => ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"", Vec::new()),
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Git may have what it wants before it has read everything.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_token_opens_the_repository_and_is_found_nowhere_afterwards() {
    const TOKEN: &str = "t0ken/with?odd";
    const LOGIN: &str = "dDBrZW4vd2l0aD9vZGQ6eC1vYXV0aC1iYXNpYw==";
    let repository = Repository::new();
    repository.git(&["update-server-info"]);
    let server = Server::start(repository.path().join(".git"), LOGIN);
    let home = repository.folder.path();
    let root = home.join("root");
    let token_file = home.join("it's a token");
    fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
    let mut options = repository.options(&root, &[]);
    options["oauth_token_file"] = json!(token_file);
    options["refs"][0]["base_sha"] = json!("");
    options["refs"][0]["skip_fetch_head"] = json!(true);
    options["refs"][0]["clone_uri"] = json!(format!("http://{}/", server.address));
    let output = clone(&options, home);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(cloned(&root).join("README")), "widgets\n");
    assert!(server.logins.lock().unwrap().contains(&Some(format!("Basic {LOGIN}"))));

    let records = text(root.join("clone.json"));
    assert!(records.contains(&format!("git fetch http://CENSORED:x-oauth-basic@{}/ main", server.address)));
    let mut files = Vec::new();
    all_files(&root, &mut files);
    for path in files {
        let content = fs::read(&path).unwrap();
        let content = String::from_utf8_lossy(&content);
        for form in [TOKEN, "t0ken%2Fwith%3Fodd", LOGIN] {
            assert!(!content.contains(form), "{form} in {}", path.display());
        }
    }
    assert!(!String::from_utf8_lossy(&output.stderr).contains("t0ken"));
}
