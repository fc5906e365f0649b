//! `/ws/events` over a real socket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use domain::{CallEvent, CallId, TenantId, What};
use futures_util::{SinkExt, StreamExt};
use operations::{LiveBus, LiveUpdate};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::support::{Platform, START};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn serve(platform: &Platform) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = platform.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn connect(address: SocketAddr, ticket: &str) -> Socket {
    connect_async(format!("ws://{address}/ws/events?ticket={ticket}")).await.unwrap().0
}

async fn ticket(platform: &Platform) -> String {
    let made = platform.client(platform.tenant, &["calls:read"]).await.send("POST", "/auth/ws-ticket", None).await;
    made.expect(200).json()["ticket"].as_str().unwrap().to_owned()
}

async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap().unwrap().unwrap()
}

async fn next_json(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// A call of this tenant was answered.
fn publish(platform: &Platform, tenant: TenantId, sequence: u32) {
    let call: CallId = platform.id();
    let event = CallEvent { tenant, call, sequence, at: START, what: What::Answered };
    let row = crate::support::row(tenant, call, platform.id());
    platform.bus.publish(LiveUpdate::Event { event: Arc::new(event), row: Arc::new(row) });
}

#[tokio::test]
async fn events_of_the_own_tenant_arrive() {
    let platform = Platform::new().await;
    let address = serve(&platform).await;
    let mut socket = connect(address, &ticket(&platform).await).await;
    assert_eq!(next_json(&mut socket).await["type"], "connected");
    say(&mut socket, json!({"type": "subscribe", "channels": ["billing.*"]})).await;
    assert_eq!(next_json(&mut socket).await["type"], "error");
    say(&mut socket, json!({"type": "subscribe", "channels": ["call.*"]})).await;
    assert_eq!(next_json(&mut socket).await, json!({"type": "subscribed", "channels": ["call.*"]}));
    publish(&platform, platform.other, 1);
    publish(&platform, platform.tenant, 2);
    let event = next_json(&mut socket).await;
    assert_eq!((&event["type"], &event["channel"]), (&json!("event"), &json!("call.*")));
    assert_eq!(event["payload"]["event"], "call.answered");
    assert_eq!(event["payload"]["tenantId"], platform.tenant.to_string());
    assert_eq!(event["payload"]["data"]["sequence"], 2);
    say(&mut socket, json!({"type": "ping"})).await;
    assert_eq!(next_json(&mut socket).await["type"], "pong");
    say(&mut socket, json!({"type": "dance"})).await;
    assert_eq!(next_json(&mut socket).await["type"], "error");
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let platform = Platform::new().await;
    let address = serve(&platform).await;
    let mut socket = connect(address, &ticket(&platform).await).await;
    let hello = next_json(&mut socket).await;
    assert_eq!(hello["degraded"], false);
    say(&mut socket, json!({"type": "subscribe", "channels": ["call.*"]})).await;
    next_json(&mut socket).await;
    publish(&platform, platform.tenant, 1);
    let heard = next_json(&mut socket).await;
    drop(socket);
    for sequence in 2..=4 {
        publish(&platform, platform.tenant, sequence);
        publish(&platform, platform.other, sequence);
    }
    // From the last event heard, and from the greeting.
    for (round, (after, first)) in [(&heard["position"], 2), (&hello["position"], 1)].into_iter().enumerate() {
        let newest = 4 + round;
        let mut again = connect(address, &ticket(&platform).await).await;
        next_json(&mut again).await;
        say(&mut again, json!({"type": "subscribe", "channels": ["call.*"], "after": after})).await;
        assert_eq!(next_json(&mut again).await, json!({"type": "subscribed", "channels": ["call.*"], "resumed": true}));
        for sequence in first..=newest {
            assert_eq!(next_json(&mut again).await["payload"]["data"]["sequence"], sequence);
        }
        // Nothing comes twice: the next one is new.
        let new = newest + 1;
        publish(&platform, platform.tenant, u32::try_from(new).unwrap());
        assert_eq!(next_json(&mut again).await["payload"]["data"]["sequence"], new);
        say(&mut again, json!({"type": "subscribe", "channels": ["call.*"], "after": "1-1"})).await;
        assert_eq!(next_json(&mut again).await["resumed"], false);
        say(&mut again, json!({"type": "subscribe", "channels": ["call.*"], "after": "yesterday"})).await;
        assert_eq!(next_json(&mut again).await["type"], "error");
    }
}

#[tokio::test]
async fn a_client_that_lags_is_told_and_closed() {
    let platform = Platform::new().await;
    let address = serve(&platform).await;
    let mut socket = connect(address, &ticket(&platform).await).await;
    next_json(&mut socket).await;
    say(&mut socket, json!({"type": "subscribe", "channels": ["call.*"]})).await;
    next_json(&mut socket).await;
    // More than the bus holds for one client, before its task can run on this one thread.
    for sequence in 0..200 {
        publish(&platform, platform.tenant, sequence);
    }
    loop {
        match next(&mut socket).await {
            Message::Close(Some(frame)) => return assert_eq!(u16::from(frame.code), 1013),
            Message::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn strangers_are_closed_with_1008() {
    let platform = Platform::new().await;
    let address = serve(&platform).await;
    let used = ticket(&platform).await;
    drop(connect(address, &used).await);
    let late = ticket(&platform).await;
    platform.clock.advance(Duration::from_secs(30));
    for ticket in ["", "nonsense", &used, &late] {
        let mut socket = connect(address, ticket).await;
        match next(&mut socket).await {
            Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1008, "{ticket}"),
            other => panic!("{other:?}"),
        }
    }
    let mut request = format!("ws://{address}/ws/events").into_client_request().unwrap();
    let key = platform.key(platform.tenant, &["calls:read"]).await;
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    assert_eq!(next_json(&mut socket).await["type"], "connected");
    platform.anonymous().get("/ws/events").await.expect(426);
}
