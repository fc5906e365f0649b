//! One file a role; `up` puts them together.

pub mod agents;
pub mod banner;
pub mod call;
pub mod copy;
pub mod demo;
pub mod edge;
pub mod http;
pub mod migrate;
pub mod numbers;
pub mod phone;
pub mod relay;
pub mod switch;
pub mod up;
pub mod web;
