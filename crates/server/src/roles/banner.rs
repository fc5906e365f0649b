//! What the first run prints: where to click, and which port is what.

use std::fmt::Write as _;

use super::demo::DemoFile;
use super::up::Roles;
use crate::config::Config;

/// The port table, and for the demo how to sign in and call.
pub fn text(config: &Config, roles: Roles, demo: Option<&DemoFile>) -> String {
    let ports = [
        (roles.web, "Web", config.web.port, "HTTP", "the application"),
        (roles.api, "API", config.api.port, "HTTP", "/docs, /openapi.json, /ws/events, /health/ready, /metrics"),
        (roles.worker, "Worker metrics", config.worker.metrics_port, "HTTP", "Prometheus"),
        (roles.edge, "Edge", config.edge.port, "SIP, UDP and TCP", "carriers, phones and buyers"),
        (roles.switch, "Switch", config.switch.port, "SIP, UDP and TCP", "edges only"),
    ];
    let mut text = String::from("\nHopwhistle is up.\n\n");
    for (_, name, port, protocol, what) in ports.into_iter().filter(|(plays, ..)| *plays) {
        let _ = writeln!(text, "  {name:<15} {:<22} {protocol:<17} {what}", config.listen(port).to_string());
    }
    if roles.relay {
        let control = super::relay::control_address(config).to_string();
        let _ = writeln!(text, "  {:<15} {control:<22} {:<17} rtpengine's ng, for proxies", "Relay", "UDP");
    }
    if roles.switch || roles.relay {
        let range = format!("{}:{}-{}", config.host, config.relay.port_first, config.relay.port_last);
        let _ = writeln!(text, "  {:<15} {range:<22} {:<17} media", "RTP", "UDP");
    }
    let Some(demo) = demo else {
        if roles.web {
            let _ = writeln!(text, "\n  Open http://{}\n", config.advertised(config.web.port));
        }
        return text;
    };
    let _ = writeln!(text, "\n  Open      {}", demo.web_url);
    let _ = writeln!(text, "  Sign in   {}  with password  {}", demo.email, demo.password);
    let offset = if config.port_offset == 0 { String::new() } else { format!(" --port-offset {}", config.port_offset) };
    let data =
        if config.data.as_os_str() == "data" { String::new() } else { format!(" --data {}", config.data.display()) };
    let _ = writeln!(text, "\n  Call      hopwhistle call direct{data}{offset}");
    let _ = writeln!(text, "            or any SIP phone on this machine, without registration:");
    for (name, number) in &demo.numbers {
        let _ = writeln!(text, "            {name:<10} sip:{number}@{}", demo.sip_uri.trim_start_matches("sip:"));
    }
    let _ = writeln!(text, "\n  All of this is in {}\n", config.data.join("demo.json").display());
    text
}
