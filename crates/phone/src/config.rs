//! What a phone is, and what it is asked to call.

use std::net::SocketAddr;
use std::time::Duration;

use media::Codec;
use sip::transaction::Timing;

use crate::voice::{Behaviour, Step};

/// User name and password for digest authentication (RFC 7616).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A phone.
#[derive(Debug, Clone)]
pub struct Config {
    /// The UDP socket it signals from and is reached at; never an unspecified address, for it is told to others.
    pub address: SocketAddr,
    /// The user part of its own address.
    pub user: String,
    /// Product name in `User-Agent` and `Server`.
    pub product: String,
    /// What it does with calls that come in.
    pub behaviour: Behaviour,
    /// Codecs it takes, most wanted first. Not empty.
    pub codecs: Vec<Codec>,
    /// Headers added to its INVITEs and to its answers to them: a demo buyer says who it is. At most 16.
    pub headers: Vec<(String, String)>,
    /// Answers a challenge with these.
    pub credentials: Option<Credentials>,
    /// How much of each call's audio is kept for the report; zero keeps counts only.
    pub keeps_heard: Duration,
    /// Calls at a time; more are refused with 486.
    pub calls_max: usize,
    /// SIP timers.
    pub timing: Timing,
}

impl Config {
    /// A phone at `address` that takes up to 1,000 calls at a time in either law, keeps a minute of each, and refuses
    /// what comes in with 486.
    #[must_use]
    pub fn new(address: SocketAddr, user: &str) -> Self {
        Self {
            address,
            user: user.to_owned(),
            product: concat!("Hopwhistle-phone/", env!("CARGO_PKG_VERSION")).to_owned(),
            behaviour: Behaviour::BUSY,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            headers: Vec::new(),
            credentials: None,
            keeps_heard: Duration::from_secs(60),
            calls_max: 1_000,
            timing: Timing::default(),
        }
    }
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The SIP URI called.
    pub target: String,
    /// Where its INVITE is sent.
    pub hop: SocketAddr,
    /// The user part we call from, where it is not the phone's own.
    pub from: Option<String>,
    /// What is done once it is answered.
    pub steps: Vec<Step>,
    /// CANCEL when not answered by then.
    pub gives_up_after: Duration,
}
