//! Which transaction a request belongs to (RFC 3261 §17.2.3), where its responses go (§18.2, RFC 3581).

use super::destination::{Destination, Transport};
use crate::message::{Envelope, Name, Request, Via};
use smallvec::SmallVec;
use std::net::SocketAddr;

/// The parts a match compares, one after another, separated by NUL, which none of them may hold.
pub(super) type Key = SmallVec<[u8; 96]>;

fn add(key: &mut Key, part: &[u8]) {
    key.extend(part.iter().copied().filter(|&byte| byte != 0));
    key.push(0);
}

/// The key of the transaction `request` opens or repeats. ACK and CANCEL pass `INVITE` as the method to find theirs.
pub(super) fn transaction_key(request: &Request, via: &Via<'_>, method: &[u8]) -> Key {
    let mut key = Key::new();
    add(&mut key, &via.host.to_ascii_lowercase());
    key.extend_from_slice(&via.port.unwrap_or(0).to_be_bytes());
    add(&mut key, method);
    add(&mut key, via.branch().unwrap_or_default());
    if !via.has_cookie() {
        // RFC 2543 peers: what stays the same between a request, its ACK and its CANCEL.
        add(&mut key, request.call_id());
        add(&mut key, request.from_tag().unwrap_or_default());
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        key.extend_from_slice(&number.to_be_bytes());
        add(&mut key, request.uri_bytes());
    }
    key
}

/// The key under which the ACK of a 2xx finds the INVITE it ends: it has a branch of its own (§13.2.2.4).
pub(super) fn acknowledgement_key(message: &Envelope) -> Option<Key> {
    let mut key = Key::new();
    add(&mut key, message.call_id());
    add(&mut key, message.from_tag().unwrap_or_default());
    add(&mut key, message.to_tag()?);
    key.extend_from_slice(&message.cseq()?.number.to_be_bytes());
    Some(key)
}

/// Writes `received` and `rport` into the top Via where they belong. `None`: nothing to change.
pub(super) fn stamped_via(request: &Request, source: &Destination, force_rport: bool) -> Option<Vec<u8>> {
    let raw = request.values(Name::Via).next()?;
    let via = Via::parse(raw)?;
    let remote = source.remote;
    let asked = via.rport().is_some();
    let stamp_port = source.transport == Transport::Udp && (asked || force_rport);
    let same_host = via.host_ip() == Some(remote.ip().to_canonical());
    let same_port = via.port.unwrap_or(source.transport.default_port()) == remote.port();
    // A `received` or `rport` value that came with the request is not ours to believe.
    let foreign = via.params.has("received") || matches!(via.rport(), Some(Some(_)));
    if same_host && !foreign && (!stamp_port || (!asked && same_port)) {
        return None;
    }
    let params_at = raw.len() - via.params.raw().len();
    let mut value = raw[..params_at].to_vec();
    for (name, content) in via.params.iter() {
        if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"rport") {
            continue;
        }
        value.push(b';');
        value.extend_from_slice(name);
        if let Some(content) = content {
            value.push(b'=');
            value.extend_from_slice(content);
        }
    }
    if !same_host || asked {
        value.extend_from_slice(format!(";received={}", remote.ip().to_canonical()).as_bytes());
    }
    if stamp_port {
        value.extend_from_slice(format!(";rport={}", remote.port()).as_bytes());
    }
    Some(value)
}

/// Where responses to a request go: back on the connection, or by its top Via as [`stamped_via`] left it.
pub(super) fn reply_destination(via: &Via<'_>, source: &Destination, force_rport: bool) -> Destination {
    if source.transport.is_reliable() || force_rport || via.rport().is_some() {
        return *source;
    }
    // §18.2.2: the source address, but the port the Via names. `maddr` is ignored: it would aim our bytes at others.
    let port = via.port.unwrap_or(source.transport.default_port());
    Destination { remote: SocketAddr::new(source.remote.ip(), port), ..*source }
}
