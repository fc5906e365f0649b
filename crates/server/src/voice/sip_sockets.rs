//! The SIP sockets of one thread: UDP and TCP on one address. Bytes in, framed messages out.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::Timestamp;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use sip::message::{Framed, Framer, Limits};
use slab::Slab;

/// Largest datagram UDP can carry.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// One allocation serves this many bytes of received messages before the next is made.
const RECEIVE_CHUNK_BYTES: usize = 128 * 1024;
/// Connections held at once; further ones are closed at once.
const CONNECTIONS_MAX: usize = 2_048;
/// Bytes that may wait for a slow peer before its connection is closed.
const UNSENT_BYTES_MAX: usize = 256 * 1024;
/// A connection on which nothing arrives for this long is closed (inventory, section 4.2).
const IDLE_MAX: Duration = Duration::from_secs(3_605);
/// One that never brought a whole message is closed after this long.
const SILENT_MAX: Duration = Duration::from_secs(32);
/// Messages taken from one readable socket before others get their turn.
const READ_BURST: usize = 64;
/// Kernel buffers of the UDP socket, so that a burst is not lost while a thread is busy.
const UDP_BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    Udp,
    Tcp,
}

/// A message as it arrived.
#[derive(Debug)]
pub struct Received {
    pub wire: Wire,
    pub source: SocketAddr,
    pub bytes: Bytes,
}

/// What a read left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readable {
    Drained,
    More,
    Closed,
}

/// What was counted; every message is in one of these.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketCounters {
    pub received: u64,
    pub sent: u64,
    pub send_failed: u64,
    pub framing_failed: u64,
    pub connections_refused: u64,
}

/// The sockets. Tokens from `first_token` on belong to them.
#[derive(Debug)]
pub struct SipSockets {
    udp: UdpSocket,
    listener: TcpListener,
    connections: Slab<Connection>,
    closed: Vec<SocketAddr>,
    first_token: usize,
    datagram: Box<[u8]>,
    chunk: BytesMut,
    pub counters: SocketCounters,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    framer: Framer,
    unsent: Vec<u8>,
    last_heard: Timestamp,
    /// Whether a whole message ever came.
    has_spoken: bool,
    connected: bool,
}

const TOKEN_UDP: usize = 0;
const TOKEN_LISTENER: usize = 1;
const TOKEN_CONNECTIONS: usize = 2;

impl SipSockets {
    /// Binds both sockets. Uses the tokens `first_token .. first_token + 2 + CONNECTIONS_MAX`.
    pub fn bind(address: SocketAddr, registry: &Registry, first_token: usize) -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, None)?;
        // Larger buffers are a wish: the kernel caps them at net.core.rmem_max.
        let _ = socket.set_recv_buffer_size(UDP_BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(UDP_BUFFER_BYTES);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let mut udp = UdpSocket::from_std(socket.into());
        let mut listener = TcpListener::bind(address)?;
        registry.register(&mut udp, Token(first_token + TOKEN_UDP), Interest::READABLE)?;
        registry.register(&mut listener, Token(first_token + TOKEN_LISTENER), Interest::READABLE)?;
        Ok(Self {
            udp,
            listener,
            connections: Slab::new(),
            closed: Vec::new(),
            first_token,
            datagram: vec![0; DATAGRAM_BYTES_MAX].into(),
            chunk: BytesMut::with_capacity(RECEIVE_CHUNK_BYTES),
            counters: SocketCounters::default(),
        })
    }

    /// Whether this token is one of ours.
    pub fn owns(&self, token: Token) -> bool {
        (self.first_token..self.first_token + TOKEN_CONNECTIONS + CONNECTIONS_MAX).contains(&token.0)
    }

    /// Reads what a ready socket holds into `received`. True when more may be waiting: call again before polling.
    pub fn ready(&mut self, token: Token, registry: &Registry, now: Timestamp, received: &mut Vec<Received>) -> bool {
        match token.0 - self.first_token {
            TOKEN_UDP => self.read_udp(received),
            TOKEN_LISTENER => {
                self.accept(registry, now);
                false
            }
            connection => self.read_connection(connection - TOKEN_CONNECTIONS, registry, now, received),
        }
    }

    fn read_udp(&mut self, received: &mut Vec<Received>) -> bool {
        for _ in 0..READ_BURST {
            match self.udp.recv_from(&mut self.datagram) {
                Ok((length, source)) => {
                    // Many messages share one allocation; each keeps only its own slice.
                    if self.chunk.capacity() < length {
                        self.chunk = BytesMut::with_capacity(RECEIVE_CHUNK_BYTES);
                    }
                    self.chunk.extend_from_slice(self.datagram.get(..length).unwrap_or_default());
                    self.counters.received += 1;
                    received.push(Received { wire: Wire::Udp, source, bytes: self.chunk.split().freeze() });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // ICMP errors of earlier sends surface here; the transactions' timers deal with them.
                Err(_) => {}
            }
        }
        true
    }

    fn accept(&mut self, registry: &Registry, now: Timestamp) {
        while let Ok((stream, peer)) = self.listener.accept() {
            if self.connections.len() >= CONNECTIONS_MAX {
                self.counters.connections_refused += 1;
                continue;
            }
            let _ = self.add(stream, peer, true, registry, now);
        }
    }

    fn add(
        &mut self,
        mut stream: TcpStream,
        peer: SocketAddr,
        connected: bool,
        registry: &Registry,
        now: Timestamp,
    ) -> io::Result<usize> {
        let _ = stream.set_nodelay(true);
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let token = Token(self.first_token + TOKEN_CONNECTIONS + key);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        entry.insert(Connection {
            stream,
            peer,
            framer: Framer::new(Limits::default()),
            unsent: Vec::new(),
            last_heard: now,
            has_spoken: false,
            connected,
        });
        Ok(key)
    }

    fn read_connection(
        &mut self,
        key: usize,
        registry: &Registry,
        now: Timestamp,
        received: &mut Vec<Received>,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        let readable = match connection.flush() {
            Ok(()) => connection.read(now, received, &mut self.counters),
            Err(_) => Readable::Closed,
        };
        if readable == Readable::Closed {
            self.close(key, registry);
        }
        readable == Readable::More
    }

    fn close(&mut self, key: usize, registry: &Registry) {
        if let Some(mut connection) = self.connections.try_remove(key) {
            let _ = registry.deregister(&mut connection.stream);
            // Whoever sent over it hears of it at once instead of waiting for a timer.
            self.closed.push(connection.peer);
        }
    }

    /// Sends one message. An error means it did not and will not leave.
    pub fn send(
        &mut self,
        wire: Wire,
        destination: SocketAddr,
        bytes: &[u8],
        registry: &Registry,
        now: Timestamp,
    ) -> io::Result<()> {
        let sent = match wire {
            Wire::Udp => self.udp.send_to(bytes, destination).map(drop),
            Wire::Tcp => self.send_tcp(destination, bytes, registry, now),
        };
        match &sent {
            Ok(()) => self.counters.sent += 1,
            Err(_) => self.counters.send_failed += 1,
        }
        sent
    }

    fn send_tcp(
        &mut self,
        destination: SocketAddr,
        bytes: &[u8],
        registry: &Registry,
        now: Timestamp,
    ) -> io::Result<()> {
        let existing =
            self.connections.iter().find(|(_, connection)| connection.peer == destination).map(|(key, _)| key);
        let key = match existing {
            Some(key) => key,
            None if self.connections.len() >= CONNECTIONS_MAX => {
                self.counters.connections_refused += 1;
                return Err(io::Error::other("too many connections"));
            }
            None => self.add(TcpStream::connect(destination)?, destination, false, registry, now)?,
        };
        let Some(connection) = self.connections.get_mut(key) else {
            return Err(io::Error::other("connection is gone"));
        };
        if connection.unsent.len() + bytes.len() > UNSENT_BYTES_MAX {
            self.close(key, registry);
            return Err(io::Error::other("peer takes nothing"));
        }
        connection.unsent.extend_from_slice(bytes);
        if let Err(error) = connection.flush() {
            self.close(key, registry);
            return Err(error);
        }
        Ok(())
    }

    /// A peer whose connection is gone, for the transactions that used it.
    pub fn take_closed(&mut self) -> Option<SocketAddr> {
        self.closed.pop()
    }

    /// Closes connections nothing was heard on for an hour. Call it now and then.
    pub fn close_idle(&mut self, registry: &Registry, now: Timestamp) {
        let idle: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| {
                let idle_max = if connection.has_spoken { IDLE_MAX } else { SILENT_MAX };
                now.since(connection.last_heard) > idle_max
            })
            .map(|(key, _)| key)
            .collect();
        for key in idle {
            self.close(key, registry);
        }
    }
}

impl Connection {
    fn flush(&mut self) -> io::Result<()> {
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            match self.stream.peer_addr() {
                Ok(_) => self.connected = true,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    self.unsent.drain(..length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what there is, up to a bound, so that one fast sender does not hold the thread.
    fn read(&mut self, now: Timestamp, received: &mut Vec<Received>, counters: &mut SocketCounters) -> Readable {
        let mut chunk = [0_u8; 16 * 1024];
        for _ in 0..READ_BURST {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Readable::Closed,
                Ok(length) => {
                    self.last_heard = now;
                    self.framer.push(chunk.get(..length).unwrap_or_default());
                    if !self.take_framed(received, counters) {
                        return Readable::Closed;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Readable::Drained,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Readable::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Readable::Closed,
            }
        }
        Readable::More
    }

    fn take_framed(&mut self, received: &mut Vec<Received>, counters: &mut SocketCounters) -> bool {
        loop {
            match self.framer.next() {
                Ok(Some(Framed::Message(bytes))) => {
                    counters.received += 1;
                    self.has_spoken = true;
                    received.push(Received { wire: Wire::Tcp, source: self.peer, bytes });
                }
                Ok(Some(Framed::Ping)) if self.unsent.len() >= UNSENT_BYTES_MAX => return false,
                Ok(Some(Framed::Ping)) => self.unsent.extend_from_slice(b"\r\n"),
                Ok(Some(Framed::Pong)) => {}
                Ok(None) => return self.flush().is_ok(),
                Err(_) => {
                    counters.framing_failed += 1;
                    return false;
                }
            }
        }
    }
}
