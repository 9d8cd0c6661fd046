//! The pages for people.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use world_github::GitHub;

use crate::github::{WIDGETS, acme};

struct Browser {
    github: GitHub,
    login: &'static str,
}

impl Browser {
    async fn send(&self, request: http::request::Builder, body: &str) -> (StatusCode, String, String) {
        let request = request
            .header("cookie", format!("x=1; as={}", self.login))
            .header("content-type", "application/x-www-form-urlencoded");
        let response =
            self.github.router().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let to = parts.headers.get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        (parts.status, to, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    async fn open(&self, path: &str) -> String {
        let (status, _, text) = self.send(Request::get(path), "").await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Sends a form; returns where the browser is sent next.
    async fn submit(&self, path: &str, form: &str) -> String {
        let (status, to, text) = self.send(Request::post(path), form).await;
        assert_eq!(status, 303, "{path}: {text}");
        to
    }
}

#[tokio::test]
async fn a_person_opens_a_pull_request_talks_and_pushes_with_forms_alone() {
    let github = acme();
    let robin = Browser { github: github.clone(), login: "robin" };
    assert!(robin.open("/").await.contains("acme/widgets"));
    assert!(robin.open("/acme/widgets").await.contains("/acme/widgets/edit/main/src/lib.txt"));
    assert!(robin.open("/acme/widgets/edit/main/src/lib.txt").await.contains("one\ntwo\nthree"));
    let form = "path=src%2Flib.txt&content=one%0D%0A2%0D%0Athree%0D%0A&title=Fix+two&body=please";
    let at = robin.submit("/acme/widgets/edit/main/src/lib.txt", form).await;
    assert_eq!(at, "/acme/widgets/pull/1");
    let page = robin.open(&at).await;
    assert!(
        page.contains("Fix two #1") && page.contains("-two\n+2") && page.contains("Merging: <b>clean</b>"),
        "{page}"
    );
    robin.submit(&format!("{at}/comment"), "body=%2Fcc+%40ada").await;
    robin
        .submit(
            "/acme/widgets/edit/main/src/lib.txt?pull=1",
            "path=src%2Flib.txt&content=zwei%0A&title=Better",
        )
        .await;
    let ada = Browser { github: github.clone(), login: "ada" };
    ada.submit(&format!("{at}/review"), "body=good&event=APPROVE").await;
    github.user("robot").label(WIDGETS, 1, "lgtm").unwrap();
    let head = github.look(|state| state.pull(&WIDGETS.into(), 1).unwrap().head_sha.clone());
    github.user("robot").set_status(WIDGETS, &head, "unit", "success").unwrap();
    let timeline = ada.open(&format!("{at}/timeline")).await;
    for part in ["http-equiv=\"refresh\"", "/cc @ada", "approved", "labeled", "lgtm", "unit"] {
        assert!(timeline.contains(part), "{part} is not in {timeline}");
    }
    ada.submit(&format!("{at}/state"), "to=merged").await;
    assert!(ada.open(&at).await.contains("merged"));
}

#[tokio::test]
async fn text_from_people_is_escaped_and_refusals_are_pages() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "<script>x</script>", "<b>bold</b>").unwrap();
    let robin = Browser { github: github.clone(), login: "robin" };
    assert!(!robin.open(&format!("/acme/widgets/issues/{number}")).await.contains("<script>x"));
    assert!(!robin.open(&format!("/acme/widgets/pull/{number}/timeline")).await.contains("<b>bold"));
    let (status, _, text) = robin.send(Request::get("/acme/nothing"), "").await;
    assert!(status == 404 && text.contains("Not Found"), "{text}");
    let number = github.user("robin").open_pull(WIDGETS, "fix", "Fix", &[("a", "b")]).unwrap();
    let (status, _, text) =
        robin.send(Request::post(format!("/acme/widgets/pull/{number}/state")), "to=merged").await;
    assert!(status == 403 && text.contains("Must have"), "{text}");
}

#[tokio::test]
async fn the_switch_remembers_who_acts_and_stays_on_this_host() {
    let github = acme();
    let robin = Browser { github, login: "robin" };
    let request =
        Request::post("/switch").header("referer", "https://elsewhere.example.com/acme/widgets?x=1");
    let (status, to, _) = robin.send(request, "login=ada").await;
    assert_eq!((status.as_u16(), to.as_str()), (303, "/acme/widgets"));
    assert!(robin.open("/").await.contains("<option selected>robin</option>"));
}
