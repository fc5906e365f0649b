//! The voice threads: sockets, clock and queues around the sans-IO cores of edge, switch and relay.

pub mod ask_desk;
pub mod edge_thread;
pub mod event_desk;
pub mod media_sockets;
pub mod prompts;
pub mod recorder;
pub mod relay_thread;
pub mod sip_sockets;
pub mod switch_thread;
