//! The routes, over a real store. One file per resource.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod auth;
mod calls;
mod directory;
mod events;
mod flows;
mod health;
mod openapi;
mod support;
