//! Calls a running platform with phones that are not ours (SIPp, baresip, a browser), and checks through its HTTP API
//! what became of each call. All that is known of the platform is its `demo.json`; see README.md.

pub mod api;
pub mod baresip;
pub mod browser;
pub mod cluster;
pub mod command;
pub mod demo;
pub mod expect;
pub mod figures;
pub mod line;
pub mod platform;
pub mod redis;
pub mod sipp;
pub mod sound;
