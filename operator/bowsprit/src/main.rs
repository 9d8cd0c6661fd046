//! The binary: `bowsprit operator` and `bowsprit web`, the two containers of the installation.

use anyhow::Context as _;
use bowsprit::operator::{Operator, Settings};
use clap::{Parser, Subcommand};
use controllers::{
    accounts::Internet,
    runtime::{lease::Timing, probe::NoProbe},
};
use forge::SystemClock;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

#[derive(Parser)]
#[command(name = "bowsprit", version, about = "CI, chat commands and merging for projects on GitHub")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The part with rights: controllers, webhooks that were passed on.
    Operator {
        /// The operator's own namespace.
        #[arg(long, env = "POD_NAMESPACE", default_value = "bowsprit")]
        namespace: String,
        /// Names this replica.
        #[arg(long, env = "POD_NAME", default_value = "bowsprit")]
        identity: String,
        /// The folder for the delivery log and mirrors of repositories.
        #[arg(long, env = "BOWSPRIT_STORAGE", default_value = "/var/lib/bowsprit")]
        storage: PathBuf,
        /// The socket on which web passes webhooks on.
        #[arg(long, env = "BOWSPRIT_SOCKET", default_value = "/run/bowsprit/operator.sock")]
        socket: PathBuf,
        /// Where probes and metrics are served.
        #[arg(long, env = "BOWSPRIT_ADMIN", default_value = "0.0.0.0:9090")]
        admin: SocketAddr,
    },
    /// The part that faces the internet: no token, no Secret.
    Web {
        /// The operator's socket.
        #[arg(long, env = "BOWSPRIT_SOCKET", default_value = "/run/bowsprit/operator.sock")]
        socket: PathBuf,
        /// Where to listen.
        #[arg(long, env = "BOWSPRIT_LISTEN", default_value = "0.0.0.0:8080")]
        listen: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    // One provider for all TLS. That one is installed already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match Arguments::parse().command {
        Command::Operator { namespace, identity, storage, socket, admin } => {
            operator(namespace, identity, storage, socket, admin).await
        }
        Command::Web { socket, listen } => {
            let listener = tokio::net::TcpListener::bind(listen)
                .await
                .with_context(|| format!("{listen} cannot be listened on; choose another with --listen"))?;
            Ok(axum::serve(listener, web::router(Arc::new(web::Socket::new(socket)))).await?)
        }
    }
}

async fn operator(
    namespace: String,
    identity: String,
    storage: PathBuf,
    socket: PathBuf,
    admin: SocketAddr,
) -> anyhow::Result<()> {
    let home = kube::Client::try_default().await.context("no cluster: run inside one, or set KUBECONFIG")?;
    let settings = Settings {
        home,
        namespace,
        identity,
        address: String::new(),
        clock: Arc::new(SystemClock),
        outside: Arc::new(Internet),
        storage,
        probe: Arc::new(NoProbe),
        timing: Timing::default(),
        one_at_a_time: false,
    };
    let operator = Operator::new(settings);
    let ready = operator.ready();
    let probes = axum::Router::new().route("/healthz", axum::routing::get(|| async { "ok" })).route(
        "/readyz",
        axum::routing::get(move || {
            let leading = ready.borrow().is_some();
            // A standby is ready too: it can take over.
            async move { if leading { "leading" } else { "standing by" } }
        }),
    );
    let listener = tokio::net::TcpListener::bind(admin)
        .await
        .with_context(|| format!("{admin} cannot be listened on; choose another with --admin"))?;
    let relay: Arc<dyn web::Relay> = Arc::new(operator.relay());
    tokio::select! {
        ended = operator.run() => match ended {
            Ok(never) => match never {},
            Err(ended) => Err(ended.into()),
        },
        served = web::serve_socket(&socket, relay) => Ok(served.with_context(|| socket.display().to_string())?),
        served = axum::serve(listener, probes) => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
