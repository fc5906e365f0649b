//! HTTP listeners of the API, web and worker roles.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Serves until `stop` says so, then lets requests under way finish.
pub async fn serve(
    name: &'static str,
    address: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("{name} on {address}: is another platform running? Try --port-offset 100"))?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(tokio::spawn(async move {
        let stopped = async move {
            // A sender that is gone stops us too.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
            tracing::error!(name, %error, "HTTP listener ended");
        }
    }))
}
