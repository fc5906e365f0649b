//! `/ws/events`: the WebSocket (inventory, section 2.6).

use std::{fmt::Write as _, time::Duration};

use axum::{
    Extension,
    extract::{
        State as StateExtractor, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse, Response},
};
use domain::TenantId;
use futures_util::SinkExt;
use garde::Validate;
use operations::{LiveItem, LivePosition, LiveStream, NoPosition, Placed, Side, TenantScope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::{
    access::Who,
    authenticate::Identity,
    config::LiveLimits,
    extract::Query,
    live::{Admitted, Payload, Subscription, redeem_ticket},
    problem::ApiError,
    resource::Resource,
    state::State,
};

/// Close codes (RFC 6455, section 7.4.1, and the IANA registry).
const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;
const TRY_AGAIN_LATER: u16 = 1013;

/// The routes. It checks the caller itself: a browser cannot read the status of a refused handshake, so the refusal is a
/// close frame.
pub(crate) fn routes() -> Resource {
    Resource::new("Live").public(routes!(listen))
}

/// How a client shows who it is.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListenQuery {
    /// From `POST /auth/ws-ticket`. Programs send `X-API-Key` instead.
    #[garde(length(chars, max = 4096))]
    #[param(max_length = 4096)]
    ticket: Option<String>,
}

/// Opens the stream of events.
///
/// Client: `{"type":"subscribe","channels":["call.*"],"after":"..."}`, `{"type":"unsubscribe","channels":[...]}`, `{"type":"ping"}`.
/// Server: `connected` {tenantId, timestamp, position, degraded}, `subscribed` {channels, resumed} and `unsubscribed` {channels},
/// `pong` {timestamp}, `event` {channel, position, payload {event, tenantId, data, timestamp, id}}, `status` {degraded}, `error`
/// {message}, `lagged` {missed}.
///
/// Going on after a break: `after` is the `position` of the last event heard (or of `connected`). `resumed: true` promises that
/// nothing is missing, whichever process answers; `false` that it was too long ago: ask again for what is shown. The last 16,384
/// events of all tenants are kept. Events of one call come in order; one may come again with the same id after an interruption.
/// `degraded` means that events of other processes do not arrive for now.
///
/// A client may be 2,048 events behind; then it is told `lagged` and closed with 1013. Closed with 1008 when nobody is signed in,
/// 1001 when it has lasted long enough (come again with a new ticket).
#[utoipa::path(get, path = "/ws/events", operation_id = "listenToEvents", params(ListenQuery), responses(
    (status = 101, description = "Speaks WebSocket from here"),
    (status = 426, description = "Not a WebSocket handshake", body = crate::Problem, content_type = "application/problem+json")))]
async fn listen(
    StateExtractor(state): StateExtractor<State>,
    Extension(identity): Extension<Identity>,
    Query(query): Query<ListenQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|rejection| {
        let status = axum::http::StatusCode::UPGRADE_REQUIRED;
        ApiError::new(status, "UPGRADE_REQUIRED", format!("This path speaks WebSocket: {rejection}"))
    })?;
    let Ok(room) = state.live_clients().try_acquire_owned() else {
        return Err(ApiError::unavailable("Too many WebSocket clients; try again later"));
    };
    let limits = state.config().live;
    let upgrade = upgrade.max_message_size(limits.message_bytes_max).max_frame_size(limits.message_bytes_max);
    Ok(match admit(&state, identity, query.ticket.as_deref()).await {
        Ok(admitted) => upgrade.on_upgrade(move |socket| serve(state, admitted, socket, room)),
        Err(error) => {
            tracing::warn!(reason = %error.message, "websocket refused");
            upgrade.on_upgrade(move |socket| async move {
                close(socket, POLICY, "Unauthorized", limits.send_timeout).await;
                drop(room);
            })
        }
    }
    .into_response())
}

/// A ticket or a key. Not the cookie: any page could open a WebSocket with it.
async fn admit(state: &State, identity: Identity, ticket: Option<&str>) -> Result<Admitted, ApiError> {
    if let Some(ticket) = ticket {
        return redeem_ticket(state, ticket).await;
    }
    match identity {
        Identity::Known(principal) if !matches!(principal.who, Who::User { by_cookie: true, .. }) => Ok(Admitted {
            tenant: principal.tenant,
            side: principal.side,
            who: principal.label(),
            user: principal.user(),
            grants: principal.grants,
        }),
        Identity::Refused(error) => Err(error),
        _ => Err(ApiError::unauthorized("Send a ticket (POST /auth/ws-ticket) or X-API-Key")),
    }
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str, within: Duration) {
    let frame = CloseFrame { code, reason: reason.into() };
    // Whoever does not read it is gone in the other way.
    let _ = timeout(within, socket.send(Message::Close(Some(frame)))).await;
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum FromClient {
    Subscribe { channels: Vec<String>, after: Option<String> },
    Unsubscribe { channels: Vec<String> },
    Ping,
}

struct Connection {
    state: State,
    socket: WebSocket,
    subscription: Subscription,
    tenant: TenantId,
    side: Side,
    stream: Box<dyn LiveStream>,
    /// Events wait for its next tick, for others to leave with.
    gather: Interval,
    pings: Interval,
    /// Pings since the client was last heard.
    unheard: u32,
    limits: LiveLimits,
}

/// Why a connection ends: with a close frame of ours, or because the client is gone.
enum End {
    Close(u16, &'static str),
    Gone,
}

async fn serve(state: State, admitted: Admitted, socket: WebSocket, room: OwnedSemaphorePermit) {
    let limits = state.config().live;
    let gauge = state.metrics().live_clients.clone();
    gauge.inc();
    let mut pings = interval(limits.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let mut gather = interval(limits.gather);
    gather.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection = Connection {
        stream: state.live().subscribe(TenantScope::of(admitted.tenant), None).stream,
        gather,
        tenant: admitted.tenant,
        side: admitted.side,
        subscription: Subscription::new(admitted.grants, limits.channels_max),
        socket,
        pings,
        unheard: 0,
        limits,
        state,
    };
    tracing::debug!(who = admitted.who, tenant = %admitted.tenant, "websocket connected");
    let state = connection.state.clone();
    if let Some(user) = admitted.user {
        state.agents().presence().joined(admitted.tenant, user, state.now()).await;
    }
    let live = connection.state.live();
    let hello = json!({"type": "connected", "tenantId": admitted.tenant, "timestamp": connection.state.now(),
        "position": live.position().map(|position| position.to_string()), "degraded": !live.is_whole()});
    let lasted = timeout(limits.lifetime_max, connection.run(&hello)).await;
    if let End::Close(code, reason) = lasted.unwrap_or(End::Close(GOING_AWAY, "come again with a new ticket")) {
        close(connection.socket, code, reason, limits.send_timeout).await;
    }
    if let Some(user) = admitted.user {
        state.agents().presence().left(admitted.tenant, user).await;
    }
    gauge.dec();
    drop(room);
}

impl Connection {
    async fn run(&mut self, hello: &serde_json::Value) -> End {
        if let Err(end) = self.send(hello).await {
            return end;
        }
        loop {
            let next = async {
                // What comes in quick succession leaves together: a packet and a system call for many events.
                self.gather.tick().await;
                self.stream.next().await
            };
            let step = tokio::select! {
                item = next => self.deliver(item).await,
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.receive(message).await,
                    Some(Err(_)) | None => Err(End::Gone),
                },
                _ = self.pings.tick() => self.ping().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Sends an item and those that are here already.
    async fn deliver(&mut self, first: Option<LiveItem>) -> Result<(), End> {
        let within = self.limits.send_timeout;
        let delivered = timeout(within, self.deliver_ready(first)).await.unwrap_or(Err(End::Gone));
        self.gather.reset();
        delivered
    }

    async fn deliver_ready(&mut self, first: Option<LiveItem>) -> Result<(), End> {
        let mut item = first.ok_or(End::Close(GOING_AWAY, "the server stops"))?;
        for left in (0..self.limits.gather_max).rev() {
            let text = match item {
                LiveItem::Update(placed) => self.event(&placed),
                LiveItem::Whole(is_whole) => Some(json!({"type": "status", "degraded": !is_whole}).to_string()),
                LiveItem::Lagged(missed) => {
                    self.state.metrics().live_lagged.inc();
                    self.send(&json!({"type": "lagged", "missed": missed})).await?;
                    return Err(End::Close(TRY_AGAIN_LATER, "lagged"));
                }
            };
            if let Some(text) = text {
                self.socket.feed(Message::Text(text.into())).await.map_err(|_| End::Gone)?;
            }
            if left == 0 {
                break;
            }
            match self.stream.next_now() {
                Some(next) => item = next,
                None => break,
            }
        }
        self.socket.flush().await.map_err(|_| End::Gone)
    }

    /// The message of an update; none when it is not for this client.
    fn event(&self, placed: &Placed) -> Option<String> {
        let channel = self.subscription.channel_for(placed.update.name())?;
        let render = |payload: &Payload| serde_json::to_string(payload).unwrap_or_default();
        let own;
        let payload = if self.side.is_whole() {
            placed.text_once(|update| render(&Payload::of(update)))
        } else {
            own = render(&Payload::for_side(&placed.update, self.side)?);
            &own
        };
        let mut text = String::with_capacity(payload.len() + 128);
        // A channel is of letters and dots, which JSON takes as they are.
        let _ = write!(text, r#"{{"type":"event","channel":"{channel}""#);
        if let Some(position) = placed.position {
            let _ = write!(text, r#","position":"{position}""#);
        }
        let _ = write!(text, r#","payload":{payload}}}"#);
        Some(text)
    }

    /// Listens to more channels; `after` goes back to what was missed since then.
    fn subscribe(&mut self, channels: Vec<String>, after: Option<&str>) -> Result<serde_json::Value, String> {
        let after: Option<LivePosition> =
            after.map(str::parse).transpose().map_err(|error: NoPosition| format!("after: {error}"))?;
        let mut answer = json!({"type": "subscribed", "channels": self.subscription.add(channels)?});
        if after.is_some() {
            let subscribed = self.state.live().subscribe(TenantScope::of(self.tenant), after);
            self.stream = subscribed.stream;
            answer["resumed"] = json!(subscribed.is_gapless);
        }
        Ok(answer)
    }

    async fn receive(&mut self, message: Message) -> Result<(), End> {
        self.unheard = 0;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return self.send(&json!({"type": "error", "message": "send JSON as text"})).await,
        };
        let answer = match serde_json::from_str(&text) {
            Ok(FromClient::Ping) => json!({"type": "pong", "timestamp": self.state.now()}),
            Ok(FromClient::Subscribe { channels, after }) => self
                .subscribe(channels, after.as_deref())
                .unwrap_or_else(|message| json!({"type": "error", "message": message})),
            Ok(FromClient::Unsubscribe { channels }) => {
                json!({"type": "unsubscribed", "channels": self.subscription.remove(&channels)})
            }
            Err(error) => json!({"type": "error", "message": format!("not a message this end knows: {error}")}),
        };
        self.send(&answer).await
    }

    async fn ping(&mut self) -> Result<(), End> {
        self.unheard += 1;
        if self.unheard > 2 {
            return Err(End::Gone);
        }
        self.send_raw(Message::Ping(bytes::Bytes::new())).await
    }

    async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|_| End::Gone)?;
        self.send_raw(Message::Text(text.into())).await
    }

    async fn send_raw(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.limits.send_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}
