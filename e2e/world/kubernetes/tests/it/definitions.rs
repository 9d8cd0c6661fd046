//! CustomResourceDefinitions: registering, refusing, changing, removing.

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, dynamic, refusal, refused, widget, widget_definition, with_widgets};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A definition of a kind of its own, with a schema for its spec.
fn definition(plural: &str, kind: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.world.example.com")},
        "spec": {
            "group": "world.example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    })
}

async fn refused_definition(c: &Cluster, definition: Value) -> String {
    refused(c.post(CRDS, definition).await, 422, "Invalid").message
}

#[tokio::test]
async fn a_definition_is_established_and_serves_its_kind() {
    let c = with_widgets("established").await;
    let crd = c.get(&format!("{CRDS}/widgets.world.example.com")).await.unwrap();
    for kind in ["NamesAccepted", "Established"] {
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        assert!(conditions.iter().any(|c| c["type"] == kind && c["status"] == "True"), "{kind}");
    }
    assert_eq!(crd["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(crd["status"]["acceptedNames"]["listKind"], "WidgetList");
    assert_eq!(crd["spec"]["names"]["singular"], "widget");
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
}

#[tokio::test]
async fn a_definition_must_be_called_after_what_it_defines() {
    let c = cluster("misnamed").await;
    let mut wrong = definition("gadgets", "Gadget", &json!({"type": "object"}));
    wrong["metadata"]["name"] = json!("gadget.world.example.com");
    assert!(refused_definition(&c, wrong).await.contains("metadata.name: Invalid value"));
}

#[tokio::test]
async fn a_schema_must_be_structural() {
    let c = cluster("structural").await;
    let untyped = definition("gadgets", "Gadget", &json!({"properties": {"a": {"type": "string"}}}));
    let message = refused_definition(&c, untyped).await;
    assert!(
        message.contains(
            "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified \
             object fields"
        ),
        "{message}"
    );
    let no_key = json!({"type": "object", "properties": {"l": {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
    }}});
    let message = refused_definition(&c, definition("gadgets", "Gadget", &no_key)).await;
    assert!(message.contains("this property is in x-kubernetes-list-map-keys"), "{message}");
}

#[tokio::test]
async fn a_rule_about_a_field_that_is_not_there_is_refused() {
    let c = cluster("bad-rule").await;
    let spec = json!({
        "type": "object", "properties": {"a": {"type": "string"}},
        "x-kubernetes-validations": [{"rule": "self.b == 'x'"}],
    });
    let message = refused_definition(&c, definition("gadgets", "Gadget", &spec)).await;
    assert!(message.contains("x-kubernetes-validations[0].rule"), "{message}");
    assert!(message.contains("undefined field 'b'"), "{message}");
    let spec = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self +"}]});
    let message = refused_definition(&c, definition("gadgets", "Gadget", &spec)).await;
    assert!(message.contains("compilation failed"), "{message}");
}

#[tokio::test]
async fn a_transition_rule_needs_items_that_can_be_told_apart() {
    let c = cluster("uncorrelatable").await;
    let spec = json!({"type": "object", "properties": {"l": {
        "type": "array", "maxItems": 3, "items": {
            "type": "object", "properties": {"a": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.a >= oldSelf.a"}],
        },
    }}});
    let message = refused_definition(&c, definition("gadgets", "Gadget", &spec)).await;
    assert!(
        message.contains("oldSelf cannot be used on the uncorrelatable portion of the schema"),
        "{message}"
    );
}

#[tokio::test]
async fn groups_of_the_kubernetes_project_need_its_approval() {
    let c = cluster("protected").await;
    let mut protected = definition("gadgets", "Gadget", &json!({"type": "object"}));
    protected["metadata"]["name"] = json!("gadgets.world.k8s.io");
    protected["spec"]["group"] = json!("world.k8s.io");
    let message = refused_definition(&c, protected.clone()).await;
    assert!(
        message.contains("metadata.annotations[api-approved.kubernetes.io]: Required value"),
        "{message}"
    );
    protected["metadata"]["annotations"] =
        json!({"api-approved.kubernetes.io": "https://example.com/approved"});
    c.post(CRDS, protected).await.unwrap();
    c.api("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions")
        .delete("gadgets.world.k8s.io", &DeleteParams::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_changed_definition_acts_on_the_next_write() {
    let c = cluster("changed").await;
    let mut small =
        definition("gizmos", "Gizmo", &json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    c.define(small.clone()).await;
    let gizmo = |name: &str| {
        json!({
            "apiVersion": "world.example.com/v1", "kind": "Gizmo", "metadata": {"name": name}, "spec": {"a": "x", "b": "y"},
        })
    };
    let path = c.path("/apis/world.example.com/v1", "gizmos");
    assert_eq!(c.post(&path, gizmo("one")).await.unwrap()["spec"], json!({"a": "x"}));
    small["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["b"] =
        json!({"type": "string"});
    c.define(small).await;
    for attempt in 0..100 {
        let made = c.post(&path, gizmo(&format!("two-{attempt}"))).await.unwrap();
        if made["spec"] == json!({"a": "x", "b": "y"}) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the new schema was not used");
}

#[tokio::test]
async fn a_definition_takes_its_objects_along() {
    let c = cluster("removed-kind").await;
    c.define(definition("doodads", "Doodad", &json!({"type": "object"}))).await;
    let path = c.path("/apis/world.example.com/v1", "doodads");
    let doodad = json!({
        "apiVersion": "world.example.com/v1", "kind": "Doodad",
        "metadata": {"name": "a", "finalizers": ["example.com/hold"]},
    });
    c.post(&path, doodad).await.unwrap();
    let definitions =
        c.api("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
    let _ = definitions.delete("doodads.world.example.com", &DeleteParams::default()).await.unwrap();
    assert!(
        definitions.get("doodads.world.example.com").await.unwrap().metadata.deletion_timestamp.is_some()
    );
    let doodads = c.api("world.example.com/v1", "Doodad", "doodads");
    for _ in 0..100 {
        if doodads.get("a").await.unwrap().metadata.deletion_timestamp.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let none = json!({"metadata": {"finalizers": null}});
    doodads.patch("a", &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    for _ in 0..100 {
        if definitions.get_opt("doodads.world.example.com").await.unwrap().is_none() {
            assert_eq!(c.get(&path).await.unwrap_err().code, 404);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the definition did not go");
}

#[tokio::test]
async fn what_a_definition_names_cannot_be_renamed() {
    let c = with_widgets("renamed").await;
    let mut renamed = widget_definition();
    renamed["spec"]["scope"] = json!("Cluster");
    let definitions =
        c.api("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
    let params = PatchParams::apply("suite").force();
    let result =
        definitions.patch("widgets.world.example.com", &params, &Patch::Apply(dynamic(renamed))).await;
    let status = refused(refusal(result), 422, "Invalid");
    assert!(status.message.contains("field is immutable"), "{}", status.message);
}
