//! From credentials to a connection: a personal token of a machine account, or an App's installation.

use super::{
    GitHub,
    transport::{TokenSource, Transport},
};
use crate::{Clock, ForgeError};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Uri, header};
use http_body_util::{BodyExt, Full};
use octocrab::{
    AuthState, Octocrab, OctocrabBuilder,
    models::AppId,
    service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer},
};
use secrecy::{ExposeSecret, SecretString};
use std::{convert::Infallible, sync::Arc};

const AGENT: &str = concat!("bowsprit/", env!("CARGO_PKG_VERSION"));

/// What a Repository's Secret holds.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A token of a machine account.
    Token(SecretString),
    /// A GitHub App: its id and private key (PEM).
    App {
        /// The App's id.
        id: u64,
        /// The private key.
        private_key: SecretString,
    },
}

/// A server in this process that answers as GitHub would.
pub type InProcess =
    Arc<dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, http::Response<Bytes>> + Send + Sync>;

/// Where GitHub is.
#[derive(Clone)]
pub enum Connection {
    /// At an address: `https://api.github.com`, or `https://HOST/api/v3`.
    Url(String),
    /// In this process: the simulated world on virtual time.
    InProcess(InProcess),
}

/// Connects to GitHub for the repositories of one owner.
///
/// # Errors
/// Where the address or the key is not one, or where the App is not installed for the owner.
pub async fn connect(
    connection: &Connection,
    credentials: &Credentials,
    owner: &str,
    clock: Arc<dyn Clock>,
) -> Result<GitHub, ForgeError> {
    let rest = unauthorised(connection, false)?;
    let graphql = unauthorised(connection, true)?;
    let (rest, graphql, token) = match credentials {
        Credentials::Token(token) => {
            let token = SecretString::from(token.expose_secret().trim());
            let with =
                |crab: &Octocrab| crab.user_access_token(token.clone()).map_err(|_| refused("the token"));
            (with(&rest)?, with(&graphql)?, TokenSource::Given(token))
        }
        Credentials::App { id, private_key } => {
            let key = octocrab::auth::AppAuth { app_id: AppId(*id), key: encoding_key(private_key)? };
            let app = as_app(connection, key.clone(), false)?;
            let installation = installation(&app, owner).await?;
            let with = |app: &Octocrab| {
                app.installation(installation).map_err(|_| refused("the App's installation"))
            };
            (with(&app)?, with(&as_app(connection, key, true)?)?, TokenSource::Installation)
        }
    };
    Ok(GitHub { transport: Transport::new(rest, graphql, token, clock) })
}

fn refused(what: &str) -> ForgeError {
    ForgeError::Unauthorized { message: format!("{what} cannot be used as it stands") }
}

fn encoding_key(pem: &SecretString) -> Result<jsonwebtoken::EncodingKey, ForgeError> {
    jsonwebtoken::EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| {
        ForgeError::Unauthorized { message: "the App's private key is not RSA in PEM form".to_owned() }
    })
}

/// Finds the App's installation for an organisation or user.
async fn installation(app: &Octocrab, owner: &str) -> Result<octocrab::models::InstallationId, ForgeError> {
    let owner = super::transport::segment(owner);
    for path in [format!("/orgs/{owner}/installation"), format!("/users/{owner}/installation")] {
        let what = format!("GET {path}");
        let unclear = |message: String| ForgeError::Unclear { what: what.clone(), message };
        let response = app._get(path.as_str()).await.map_err(|e| unclear(e.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| unclear(e.to_string()))?.to_bytes();
        match super::transport::judge(&path, parts.status, &body) {
            Ok(()) => {
                let answer: Installation = super::transport::parse(&path, &body)?;
                return Ok(octocrab::models::InstallationId(answer.id));
            }
            Err(ForgeError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ForgeError::NotFound { what: format!("an installation of the App for {owner}") })
}

#[derive(serde::Deserialize)]
struct Installation {
    id: u64,
}

fn unauthorised(connection: &Connection, graphql: bool) -> Result<Octocrab, ForgeError> {
    match connection {
        Connection::Url(url) => {
            let built = OctocrabBuilder::new()
                .base_uri(base(url, graphql)?)
                .and_then(|builder| builder.add_header(header::USER_AGENT, AGENT.to_owned()).build());
            built.map_err(|e| ForgeError::Unclear {
                what: "the connection".to_owned(),
                message: e.to_string(),
            })
        }
        Connection::InProcess(serve) => Ok(in_process(serve, AuthState::None)),
    }
}

fn as_app(
    connection: &Connection,
    key: octocrab::auth::AppAuth,
    graphql: bool,
) -> Result<Octocrab, ForgeError> {
    match connection {
        Connection::Url(url) => {
            let built = OctocrabBuilder::new().base_uri(base(url, graphql)?).and_then(|builder| {
                builder.add_header(header::USER_AGENT, AGENT.to_owned()).app(key.app_id, key.key).build()
            });
            built.map_err(|e| ForgeError::Unclear {
                what: "the connection".to_owned(),
                message: e.to_string(),
            })
        }
        Connection::InProcess(serve) => Ok(in_process(serve, AuthState::App(key))),
    }
}

/// The base address; Enterprise Server has GraphQL beside `/api/v3`, not below it.
fn base(url: &str, graphql: bool) -> Result<Uri, ForgeError> {
    let url = url.trim_end_matches('/');
    let url = if graphql { url.strip_suffix("/v3").unwrap_or(url) } else { url };
    url.parse().map_err(|_| ForgeError::Refused {
        what: "spec.api.url".to_owned(),
        status: 0,
        message: format!("{url:?} is not an address; write https://HOST/api/v3"),
    })
}

/// octocrab over a function of this process. Bodies are collected first: octocrab wants them `Sync`, axum's are not.
fn in_process(serve: &InProcess, auth: AuthState) -> Octocrab {
    let serve = serve.clone();
    let service = tower::service_fn(move |request: http::Request<octocrab::OctoBody>| {
        let serve = serve.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|e| std::io::Error::other(e.to_string()))?.to_bytes();
            let response = serve(http::Request::from_parts(parts, body)).await;
            Ok::<_, std::io::Error>(response.map(Full::new))
        }
    });
    let agent = Arc::new(vec![(header::USER_AGENT, HeaderValue::from_static(AGENT))]);
    let built: Result<Octocrab, Infallible> = OctocrabBuilder::new_empty()
        .with_service(service)
        .with_layer(&BaseUriLayer::new(Uri::from_static("http://github.invalid")))
        .with_layer(&ExtraHeadersLayer::new(agent))
        .with_auth(auth)
        .build();
    match built {
        Ok(octocrab) => octocrab,
        Err(never) => match never {},
    }
}
