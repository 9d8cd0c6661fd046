//! The world's GitHub as the operator's outside: its router in this process, its repositories as folders.

use axum::body::Body;
use controllers::accounts::Outside;
use decide::facts::RepoName;
use forge::github::{Connection, InProcess};
use http_body_util::BodyExt;
use std::{path::PathBuf, sync::Arc};
use tower::ServiceExt;
use world_github::{Git, GitHub, Name};

/// Where the operator finds GitHub.
pub(crate) struct WorldOutside {
    pub(crate) github: GitHub,
    /// Where its repositories are.
    pub(crate) folder: PathBuf,
}

impl Outside for WorldOutside {
    fn github(&self, _: &str) -> Connection {
        let router = self.github.router();
        let serve: InProcess = Arc::new(move |request| {
            let router = router.clone();
            Box::pin(async move {
                // The host that says: the API is at the root.
                let (mut parts, body) = request.into_parts();
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = format!("https://api.github.com{path}").parse().unwrap();
                parts.headers.remove(http::header::HOST);
                let request = http::Request::from_parts(parts, Body::from(body));
                let answer = router.oneshot(request).await.unwrap();
                let (parts, body) = answer.into_parts();
                let bytes = body.collect().await.unwrap().to_bytes();
                http::Response::from_parts(parts, bytes)
            })
        });
        Connection::InProcess(serve)
    }

    fn git_url(&self, _: &str, repository: &RepoName) -> String {
        let path = Git::path(&Name::from(repository.to_string().as_str()));
        self.folder.join(path).display().to_string()
    }
}
