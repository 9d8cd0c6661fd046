//! The world's GitHub as the operator's outside: its router in this process, its repositories as folders.

use crate::wire::{Line, Whom};
use controllers::accounts::Outside;
use decide::facts::RepoName;
use forge::github::{Connection, InProcess};
use http_body_util::BodyExt;
use std::{path::PathBuf, sync::Arc};
use world_github::{Git, GitHub, Name};

/// Where the operator finds GitHub.
pub(crate) struct WorldOutside {
    pub(crate) github: GitHub,
    /// Where its repositories are.
    pub(crate) folder: PathBuf,
    /// What the operator's calls pass.
    pub(crate) line: Line,
}

impl Outside for WorldOutside {
    fn github(&self, _: &str) -> Connection {
        let (router, line) = (self.github.router(), self.line.clone());
        let serve: InProcess = Arc::new(move |request| {
            let (router, line) = (router.clone(), line.clone());
            Box::pin(async move {
                // The host that says: the API is at the root.
                let (mut parts, body) = request.into_parts();
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = format!("https://api.github.com{path}").parse().unwrap();
                parts.headers.remove(http::header::HOST);
                let request = http::Request::from_parts(parts, body);
                let answer = line.carry(Whom::GitHub, request, router).await;
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
