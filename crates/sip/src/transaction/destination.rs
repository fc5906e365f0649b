use std::net::SocketAddr;

/// How bytes travel. TLS and WebSocket are named so that destinations need no change when their sockets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
}

impl Transport {
    /// Whether it delivers or reports failure, so that nothing is retransmitted hop by hop (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// As a Via names it.
    pub const fn token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// From a Via or a `transport=` parameter, in any case.
    pub fn from_token(token: &[u8]) -> Option<Transport> {
        [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss]
            .into_iter()
            .find(|transport| token.eq_ignore_ascii_case(transport.token().as_bytes()))
    }

    /// The port where none is written (RFC 3261 §19.1.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

/// The two ends of one hop, ours first. For what is received, `remote` is where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    pub transport: Transport,
    /// Our socket.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Destination {
    pub const fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Destination { transport: Transport::Udp, local, remote }
    }
}
