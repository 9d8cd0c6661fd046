//! Starts the parts and wires them, each over loopback as its real counterpart would be over the network.

use crate::{
    arguments::Arguments, decorated, furnish::furnish, guard, kubeconfig, needs::listen, outside::Loopback,
};
use anyhow::Context as _;
use axum::Router;
use bowsprit::operator::{Ended, Operator, Settings};
use controllers::runtime::{lease::Timing, probe::NoProbe};
use forge::{Clock, SystemClock};
use kube::{Client, Config};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use stories::Cast;
use tokio::{net::TcpListener, task::JoinHandle};
use world_github::{GitHub, Options};
use world_kubelet::{Isolation, Kubelet};
use world_kubernetes::World;

/// All that runs, and where it is found.
pub(crate) struct Running {
    /// A client of the cluster.
    pub(crate) client: Client,
    /// The people on GitHub.
    pub(crate) cast: Cast,
    /// The address of GitHub's pages.
    pub(crate) web: String,
    /// The file for kubectl.
    pub(crate) kubeconfig: PathBuf,
    /// The folder that decorated jobs upload to.
    pub(crate) results: PathBuf,
    /// How pods are kept apart.
    pub(crate) isolation: Isolation,
}

/// Starts everything. The operator, whose end is the second result, leads when this returns.
pub(crate) async fn start(
    arguments: &Arguments,
    folder: &Path,
) -> anyhow::Result<(Running, JoinHandle<Ended>)> {
    let kubernetes_at = listen("--kubernetes", arguments.kubernetes).await?;
    let github_at = listen("--github", arguments.github).await?;
    let hook_at = listen("--hook", arguments.hook).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);

    let kubernetes = World::builder().starting_at(clock.now()).build();
    let kubernetes_address = serve(kubernetes_at, kubernetes.router())?;
    let client = client(kubernetes_address)?;

    let repositories = folder.join("repositories");
    let options = Options { epoch: clock.now(), folder: Some(repositories), ..Options::default() };
    let github = GitHub::new(options).context("the simulated GitHub")?;
    let hook_address = hook_at.local_addr()?;
    let (cast, token) = Cast::gather(github.clone(), &format!("http://{hook_address}/hook"));
    let web = format!("http://{}", github_at.local_addr()?);
    github.change(|state| {
        state.options.web.clone_from(&web);
        state.options.api = format!("{web}/api/v3");
    });
    serve(github_at, github.router())?;

    let results = folder.join("results");
    std::fs::create_dir(&results)?;
    let isolation = Isolation::probe();
    let decorated = decorated::can_run(isolation).then(|| decorated::jobs(&web, &results));
    furnish(&client, &token, decorated).await?;
    let now = clock.clone();
    let options = world_kubelet::Options {
        node: "sandbox".to_owned(),
        folder: folder.join("pods"),
        isolation,
        images: decorated::images()?,
        now: Arc::new(move || now.now()),
        script: None,
    };
    tokio::spawn(Kubelet::new(client.clone(), options).run());
    let operator = operate(client.clone(), clock, &web, folder, hook_at).await?;

    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, kubeconfig::text(kubernetes_address))?;
    Ok((Running { client, cast, web, kubeconfig, results, isolation }, operator))
}

/// Starts the operator with its receiver of webhooks, and waits until it leads.
async fn operate(
    home: Client,
    clock: Arc<dyn Clock>,
    web: &str,
    folder: &Path,
    hook: TcpListener,
) -> anyhow::Result<JoinHandle<Ended>> {
    let operator = Operator::new(Settings {
        home,
        namespace: "bowsprit".to_owned(),
        identity: "sandbox".to_owned(),
        address: String::new(),
        clock,
        outside: Arc::new(Loopback { web: web.to_owned() }),
        storage: folder.join("operator"),
        probe: Arc::new(NoProbe),
        timing: Timing::default(),
        one_at_a_time: false,
    });
    let relay: Arc<dyn web::Relay> = Arc::new(operator.relay());
    serve(hook, web::router(relay))?;
    let mut ready = operator.ready();
    let mut operating = tokio::spawn(async move {
        match operator.run().await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    });
    tokio::select! {
        leads = ready.wait_for(Option::is_some) => { leads.context("the operator")?; }
        ended = &mut operating => return Err(ended?.into()),
    }
    Ok(operating)
}

/// Serves on a listener until the end.
fn serve(listener: TcpListener, router: Router) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let router = guard::around(router, address);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, %address, "no longer served");
        }
    });
    Ok(address)
}

fn client(address: SocketAddr) -> anyhow::Result<Client> {
    let config = Config::new(format!("http://{address}").parse()?);
    Client::try_from(config).context("the client of the simulated cluster")
}
