//! The transaction layer against a clock that jumps.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod client;
#[cfg(test)]
mod server;
