//! What `kubectl get` shows: the columns of built-in kinds, and ages.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::object::{get, list, name, text};
use crate::resource::{BuiltIn, Cell, Column};

type Compute = fn(&Value, &Clock) -> Value;

fn column(name: &str, kind: &str, priority: i64, compute: Compute) -> Column {
    let format = if name == "Name" { "name" } else { "" };
    Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
        format: format.to_owned(),
        description: String::new(),
        priority,
        cell: Cell::Computed(compute),
    }
}

/// The name column that every table begins with.
pub(crate) fn name_column() -> Column {
    column("Name", "string", 0, |object, _| json!(name(object)))
}

/// The age column that custom resources have when they name no columns of their own.
pub(crate) fn age_column() -> Column {
    column("Age", "string", 0, |object, clock| age(text(object, &["metadata", "creationTimestamp"]), clock))
}

/// The columns of a built-in kind.
pub(crate) fn built_in(kind: BuiltIn) -> Vec<Column> {
    let shown = |name, compute| column(name, "string", 0, compute);
    let wide = |name, compute| column(name, "string", 1, compute);
    match kind {
        BuiltIn::Namespace => {
            vec![name_column(), shown("Status", |o, _| json!(text(o, &["status", "phase"]))), age_column()]
        }
        BuiltIn::Pod => vec![
            name_column(),
            shown("Ready", |o, _| json!(pod_ready(o))),
            shown("Status", |o, _| json!(pod_status(o))),
            column("Restarts", "string", 0, |o, _| json!(pod_restarts(o).to_string())),
            age_column(),
            wide("IP", |o, _| or_none(text(o, &["status", "podIP"]))),
            wide("Node", |o, _| or_none(text(o, &["spec", "nodeName"]))),
            wide("Nominated Node", |o, _| or_none(text(o, &["status", "nominatedNodeName"]))),
            wide("Readiness Gates", |o, _| {
                or_none(if list(o, &["spec", "readinessGates"]).is_empty() { "" } else { "set" })
            }),
        ],
        BuiltIn::ConfigMap => {
            vec![name_column(), column("Data", "string", 0, |o, _| json!(data_len(o))), age_column()]
        }
        BuiltIn::Secret => vec![
            name_column(),
            shown("Type", |o, _| json!(text(o, &["type"]))),
            column("Data", "string", 0, |o, _| json!(data_len(o))),
            age_column(),
        ],
        BuiltIn::Event => vec![
            shown("Last Seen", |o, clock| age(last_seen(o), clock)),
            shown("Type", |o, _| json!(text(o, &["type"]))),
            shown("Reason", |o, _| json!(text(o, &["reason"]))),
            shown("Object", |o, _| {
                let kind = text(o, &["involvedObject", "kind"]).to_ascii_lowercase();
                json!(format!("{kind}/{}", text(o, &["involvedObject", "name"])))
            }),
            wide("Subobject", |o, _| json!(text(o, &["involvedObject", "fieldPath"]))),
            wide("Source", |o, _| json!(event_source(o))),
            shown("Message", |o, _| json!(text(o, &["message"]).trim())),
            wide("First Seen", |o, clock| age(first_seen(o), clock)),
            wide("Count", |o, _| json!(event_count(o).to_string())),
            wide("Name", |o, _| json!(name(o))),
        ],
        BuiltIn::Lease => {
            vec![
                name_column(),
                shown("Holder", |o, _| json!(text(o, &["spec", "holderIdentity"]))),
                age_column(),
            ]
        }
        BuiltIn::ServiceAccount => vec![
            name_column(),
            column("Secrets", "string", 0, |o, _| json!(list(o, &["secrets"]).len())),
            age_column(),
        ],
        BuiltIn::Node => vec![
            name_column(),
            shown("Status", |o, _| json!(node_status(o))),
            shown("Roles", |o, _| json!(node_roles(o))),
            age_column(),
            shown("Version", |o, _| json!(text(o, &["status", "nodeInfo", "kubeletVersion"]))),
        ],
        BuiltIn::CustomResourceDefinition => vec![
            name_column(),
            shown("Created At", |o, _| json!(text(o, &["metadata", "creationTimestamp"]))),
        ],
        BuiltIn::SelfSubjectAccessReview => vec![name_column()],
    }
}

fn or_none(text: &str) -> Value {
    json!(if text.is_empty() { "<none>" } else { text })
}

fn data_len(object: &Value) -> usize {
    let len = |field| get(object, &[field]).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    len("data") + len("binaryData")
}

fn pod_ready(pod: &Value) -> String {
    let statuses = list(pod, &["status", "containerStatuses"]);
    let ready = statuses.iter().filter(|s| get(s, &["ready"]) == Some(&Value::Bool(true))).count();
    format!("{ready}/{}", list(pod, &["spec", "containers"]).len())
}

fn pod_restarts(pod: &Value) -> i64 {
    let statuses = list(pod, &["status", "containerStatuses"]);
    statuses.iter().filter_map(|s| get(s, &["restartCount"]).and_then(Value::as_i64)).sum()
}

/// The one word for a pod's state, by the rules of the API server's printer.
fn pod_status(pod: &Value) -> String {
    let phase = text(pod, &["status", "phase"]);
    let own = text(pod, &["status", "reason"]);
    let mut word = if own.is_empty() { phase.to_owned() } else { own.to_owned() };
    let inits = list(pod, &["status", "initContainerStatuses"]);
    let total = list(pod, &["spec", "initContainers"]).len();
    let mut initializing = false;
    for (i, status) in inits.iter().enumerate() {
        let done = get(status, &["state", "terminated", "exitCode"]).and_then(Value::as_i64);
        if done == Some(0) || get(status, &["started"]) == Some(&Value::Bool(true)) {
            continue;
        }
        initializing = true;
        word = match (done, text(status, &["state", "waiting", "reason"])) {
            (Some(code), _) => match text(status, &["state", "terminated", "reason"]) {
                "" => format!("Init:ExitCode:{code}"),
                reason => format!("Init:{reason}"),
            },
            (None, "" | "PodInitializing") => format!("Init:{i}/{total}"),
            (None, reason) => format!("Init:{reason}"),
        };
        break;
    }
    if !initializing {
        let mut running = false;
        for status in list(pod, &["status", "containerStatuses"]).iter().rev() {
            let waiting = text(status, &["state", "waiting", "reason"]);
            let ended = text(status, &["state", "terminated", "reason"]);
            let code = get(status, &["state", "terminated", "exitCode"]).and_then(Value::as_i64);
            if !waiting.is_empty() {
                waiting.clone_into(&mut word);
            } else if !ended.is_empty() {
                ended.clone_into(&mut word);
            } else if let Some(code) = code {
                word = format!("ExitCode:{code}");
            } else if get(status, &["ready"]) == Some(&Value::Bool(true)) {
                running = true;
            }
        }
        if word == "Completed" && running {
            "Running".clone_into(&mut word);
        }
    }
    if !text(pod, &["metadata", "deletionTimestamp"]).is_empty() && !matches!(phase, "Succeeded" | "Failed") {
        "Terminating".clone_into(&mut word);
    }
    word
}

fn node_status(node: &Value) -> String {
    let conditions = list(node, &["status", "conditions"]);
    let ready = conditions.iter().find(|c| text(c, &["type"]) == "Ready").map(|c| text(c, &["status"]));
    let mut word = match ready {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if get(node, &["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
        word.push_str(",SchedulingDisabled");
    }
    word
}

fn node_roles(node: &Value) -> String {
    let labels = get(node, &["metadata", "labels"]).and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(k, _)| k.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn last_seen(event: &Value) -> &str {
    let at = |path: &[&str]| Some(text(event, path)).filter(|text| !text.is_empty());
    at(&["series", "lastObservedTime"])
        .or_else(|| at(&["lastTimestamp"]))
        .or_else(|| at(&["firstTimestamp"]))
        .or_else(|| at(&["eventTime"]))
        .unwrap_or_default()
}

fn first_seen(event: &Value) -> &str {
    let first = text(event, &["firstTimestamp"]);
    if first.is_empty() { text(event, &["eventTime"]) } else { first }
}

fn event_count(event: &Value) -> i64 {
    let at = |path: &[&str]| get(event, path).and_then(Value::as_i64);
    at(&["series", "count"]).or_else(|| at(&["count"])).unwrap_or(1)
}

fn event_source(event: &Value) -> String {
    let component = match text(event, &["source", "component"]) {
        "" => text(event, &["reportingComponent"]),
        component => component,
    };
    match text(event, &["source", "host"]) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}

/// How long ago a time was, as `kubectl get` prints ages.
pub(crate) fn age(timestamp: &str, clock: &Clock) -> Value {
    let Ok(then) = timestamp.parse::<Timestamp>() else { return json!("<unknown>") };
    json!(human(clock.now().as_second() - then.as_second()))
}

/// A duration in at most two units: `45s`, `3m10s`, `5h3m`, `2d4h`, `90d`, `2y30d`.
fn human(seconds: i64) -> String {
    let two = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..=0 => "0s".to_owned(),
        1..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        let expected = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (190, "3m10s"),
            (3_600, "60m"),
            (10_860, "3h1m"),
            (40_000, "11h"),
            (180_000, "2d2h"),
            (864_000, "10d"),
            (63_072_000, "2y"),
        ];
        for (seconds, text) in expected {
            assert_eq!(human(seconds), text);
        }
    }
}
