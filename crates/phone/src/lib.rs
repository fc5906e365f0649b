//! A SIP user agent that calls, answers, speaks and listens: demo buyers and `hopwhistle call`.
//!
//! No sockets and no clock: datagrams, orders and the time go into [`Phone::handle`], what is to be done comes out of
//! [`Phone::poll`]. Times are spans since the Unix epoch, randomness is a seed.

mod audio;
mod call;
mod config;
pub mod hears;
mod incoming;
mod outgoing;
mod phone;
mod report;
mod session;
mod steps;
pub mod voice;

pub use config::{Config, Credentials, Dial};
pub use phone::{DialError, Dropped, Event, Input, Output, Phone};
pub use report::{CallKey, CallReport, End};
