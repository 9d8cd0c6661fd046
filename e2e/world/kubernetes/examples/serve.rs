//! Serves an empty world on an address, to look at with kubectl: `cargo run -p world-kubernetes --example serve
//! 127.0.0.1:8001`, then `kubectl --server=http://127.0.0.1:8001 get namespaces`.

use std::time::SystemTime;

use jiff::Timestamp;
use world_kubernetes::World;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8001".to_owned());
    #[expect(clippy::disallowed_methods, reason = "people who look on see the real time")]
    let now = Timestamp::try_from(SystemTime::now())?;
    let world = World::builder().starting_at(now).build();
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, world.router()).await?;
    Ok(())
}
