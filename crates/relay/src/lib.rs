//! The media engine: forwards, plays, listens and records RTP.
//!
//! [`Relay`] owns legs and is driven by one thread: it gives every datagram to [`Relay::receive`] and sends what
//! comes back, calls [`Relay::tick`] every 20 ms, passes [`media::MediaCommand`]s in and takes
//! [`media::MediaEvent`]s out. It opens no socket, reads no clock and touches no disk. [`ports`] hands out port
//! pairs; [`ng`] is the second door, for SIP proxies that speak rtpengine's control protocol.
//!
//! ```
//! # use std::time::Duration;
//! use media::command::{Handling, MediaCommand, RemoteMedia};
//! use media::{Codec, LegKey};
//! use relay::{Config, Relay};
//!
//! let mut relay = Relay::new(Config::default());
//! let now = Duration::from_secs(1_800_000_000);
//! let leg = LegKey(1);
//! let local = "192.0.2.10:10000".parse().unwrap();
//! relay.command(now, MediaCommand::Open { leg, local, telephone_event: Some(101), handling: Handling::Terminate })?;
//! let remote = RemoteMedia::new("198.51.100.7:4000".parse().unwrap(), Codec::Pcmu);
//! relay.command(now, MediaCommand::Configure { leg, remote })?;
//! // For each datagram: send the answer, if there is one, from the socket it names.
//! let mut datagram = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xff, 0xff];
//! let forward = relay.receive(now, leg, "198.51.100.7:4000".parse().unwrap(), &mut datagram);
//! assert_eq!(forward, None, "nobody is bridged");
//! // Every 20 ms: send what is made here.
//! relay.tick(now, &mut |out| println!("{} octets to {}", out.datagram.len(), out.destination));
//! while let Some(event) = relay.poll_event() {
//!     println!("{event:?}");
//! }
//! # Ok::<(), relay::CommandError>(())
//! ```

mod config;
mod engine;
mod leg;
pub mod ng;
mod outgoing;
mod player;
pub mod ports;
mod recording;
mod slots;

pub use config::Config;
pub use engine::{Channel, CommandError, Forward, Outgoing, Relay, Totals};
