//! Refs to git commands (`jobs/clone-commands`).

use crate::go_view;
use api::refs::Refs;
use golden::Case;
use podutils::clone::{
    plan::{Settings, Step, Word, base_steps, clone_dir, pull_steps},
    remote::Account,
};
use serde_json::{Value, json};

fn text<'a>(input: &'a Value, field: &str) -> &'a str {
    input[field].as_str().unwrap_or_default()
}

fn env(input: &Value) -> Vec<(String, String)> {
    let words = input["env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    words.filter_map(|word| word.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

/// The command as it is written down: git itself never gets a token as an argument.
fn shown(step: &Step) -> Value {
    json!({
        "dir": step.dir,
        "command": step.program,
        "args": step.args.iter().map(Word::shown).collect::<Vec<_>>(),
        "env": step.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        "retried": step.retried,
    })
}

fn commands(input: &Value) -> Result<Value, String> {
    let refs: Refs = serde_json::from_value(input["refs"].clone()).map_err(|e| e.to_string())?;
    let env = env(input);
    let account = match (text(input, "token"), text(input, "user")) {
        ("", _) => None,
        (_, "") => Some(Account::Token),
        (_, user) => Some(Account::User(user)),
    };
    let settings = Settings {
        src_root: text(input, "src_root"),
        git_user_name: text(input, "git_user_name"),
        git_user_email: text(input, "git_user_email"),
        cookie_path: text(input, "cookie_path"),
        env: &env,
        account,
    };
    let time = input["base_commit_time"].as_i64().ok_or("no base_commit_time")?;
    let mut steps = base_steps(&settings, &refs).map_err(|e| e.to_string())?;
    steps.extend(pull_steps(&settings, &refs, time).map_err(|e| e.to_string())?);
    Ok(json!({
        "clone_dir": clone_dir(settings.src_root, &refs).map_err(|e| e.to_string())?,
        "commands": steps.iter().map(shown).collect::<Vec<_>>(),
    }))
}

fn answer(case: &Case) -> Result<(), String> {
    let ours = commands(&case.input)?;
    let mut want = case.want.clone();
    for command in want["commands"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        command.remove("line");
    }
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn a_repository_is_cloned_by_the_commands_that_prow_runs() {
    golden::hold("jobs/clone-commands", &golden::synthetic("jobs/clone-commands"), answer);
}
