#![no_main]

use std::net::SocketAddr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use relay::ng::{Control, NgConfig};
use relay::ports::{PortConfig, PortPool};
use relay::{Config, Relay};

/// Calls the port holds at most here.
const CALLS_MAX: usize = 3;

// Requests of one proxy, each in a line: every one with a cookie is answered under it, and no more calls are held than allowed.
fuzz_target!(|data: &[u8]| {
    let ports = PortConfig { first: 30_000, last: 30_031, ..PortConfig::default() };
    let Ok(mut ports) = PortPool::new(&ports) else { panic!("a range of ports") };
    let mut relay = Relay::new(Config::default());
    let mut control = Control::new(NgConfig { calls_max: CALLS_MAX, ..NgConfig::default() });
    let proxy = SocketAddr::from(([127, 0, 0, 1], 5061));
    let mut now = Duration::from_secs(1_800_000_000);
    for request in data.split(|octet| *octet == 0) {
        now += Duration::from_millis(20);
        if let Some(reply) = control.handle(now, proxy, request, &mut relay, &mut ports) {
            let cookie = request.split(|octet| *octet == b' ').next().unwrap_or_default();
            assert!(reply.starts_with(cookie));
        }
        assert!(control.calls() <= CALLS_MAX);
    }
});
