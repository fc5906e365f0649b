//! Who plays in the demo. The buyers are phones of the server's phone role; their user parts are agreed with it.

use domain::Strategy;

/// Publishers: code and name. Buyers belong to the first.
pub(super) const PUBLISHERS: [(&str, &str); 2] = [("SKYLINE", "Skyline Leads"), ("METRO", "Metro Media")];

/// A queue of our own people.
pub(super) struct DemoQueue {
    pub name: &'static str,
    /// User part of the phone that answers it.
    pub agent: &'static str,
}

pub(super) const QUEUE: DemoQueue = DemoQueue { name: "repair", agent: "hazel" };

/// A buyer.
#[derive(Clone, Copy, Debug)]
pub struct DemoBuyer {
    /// User part of its SIP address, and its code.
    pub user: &'static str,
    /// For people.
    pub name: &'static str,
    /// Lower is tried earlier.
    pub priority: i32,
    /// Its cap of concurrency.
    pub calls_at_once: u32,
    /// How long its phone rings; absent: the platform's default.
    pub ring_timeout_ms: Option<u64>,
    /// What it pays for a call of 5 s, dollars.
    pub revenue_units: i64,
    /// What the publisher earns of it, dollars.
    pub payout_units: i64,
    /// False: closed on every day.
    pub is_open: bool,
}

const OPEN: DemoBuyer = DemoBuyer {
    user: "",
    name: "",
    priority: 0,
    calls_at_once: 1_000,
    ring_timeout_ms: None,
    revenue_units: 20,
    payout_units: 12,
    is_open: true,
};

/// All of them.
pub const DEMO_BUYERS: [DemoBuyer; 9] = [
    DemoBuyer { user: "acme", name: "Acme Insurance", priority: 10, revenue_units: 25, payout_units: 15, ..OPEN },
    DemoBuyer { user: "bluebird", name: "Bluebird Solar", priority: 20, revenue_units: 30, payout_units: 18, ..OPEN },
    DemoBuyer { user: "cedar", name: "Cedar Home Services", priority: 30, ..OPEN },
    DemoBuyer {
        user: "flint",
        name: "Flint Finance (fails)",
        priority: 1,
        revenue_units: 45,
        payout_units: 25,
        ..OPEN
    },
    DemoBuyer { user: "dune", name: "Dune Legal (busy)", priority: 2, revenue_units: 40, payout_units: 22, ..OPEN },
    DemoBuyer {
        user: "ember",
        name: "Ember Travel (never answers)",
        priority: 3,
        ring_timeout_ms: Some(4_000),
        revenue_units: 35,
        ..OPEN
    },
    DemoBuyer { user: "gale", name: "Gale Roofing (one call at once)", priority: 40, calls_at_once: 1, ..OPEN },
    DemoBuyer { user: "hazel", name: "Hazel Motors (answers at once)", priority: 50, ..OPEN },
    DemoBuyer { user: "iris", name: "Iris Dental (closed)", priority: 60, is_open: false, ..OPEN },
];

/// A number, and the campaign its calls are for.
#[derive(Clone, Copy, Debug)]
pub struct DemoNumber {
    /// What it is called in documents and tests.
    pub name: &'static str,
    /// E.164, of the range kept for fiction.
    pub number: &'static str,
    /// The campaign's name.
    pub title: &'static str,
    /// Code of who brings its calls.
    pub publisher: &'static str,
    /// The flow's key.
    pub flow: &'static str,
    /// Who takes its calls.
    pub buyers: &'static [&'static str],
    /// In which order.
    pub strategy: Strategy,
    /// Recorded from the answer on, whatever the flow says.
    pub record: bool,
}

/// All of them.
pub const DEMO_NUMBERS: [DemoNumber; 9] = [
    DemoNumber {
        name: "direct",
        number: "+12125550101",
        title: "Straight to buyers",
        publisher: "SKYLINE",
        flow: "demo-direct",
        buyers: &["acme", "bluebird", "cedar"],
        strategy: Strategy::RoundRobin,
        record: true,
    },
    DemoNumber {
        name: "ivr",
        number: "+12125550102",
        title: "Menu",
        publisher: "METRO",
        flow: "demo-ivr",
        buyers: &["acme", "bluebird"],
        strategy: Strategy::Priority,
        record: false,
    },
    DemoNumber {
        name: "busy",
        number: "+12125550103",
        title: "All buyers busy",
        publisher: "METRO",
        flow: "demo-busy",
        buyers: &["dune"],
        strategy: Strategy::Priority,
        record: false,
    },
    DemoNumber {
        name: "failover",
        number: "+12125550104",
        title: "The fourth one answers",
        publisher: "SKYLINE",
        flow: "demo-direct",
        buyers: &["flint", "dune", "ember", "hazel"],
        strategy: Strategy::Priority,
        record: true,
    },
    DemoNumber {
        name: "cap",
        number: "+12125550105",
        title: "One call at once",
        publisher: "SKYLINE",
        flow: "demo-direct",
        buyers: &["gale"],
        strategy: Strategy::Priority,
        record: false,
    },
    DemoNumber {
        name: "closed",
        number: "+12125550106",
        title: "Nobody is open",
        publisher: "METRO",
        flow: "demo-direct",
        buyers: &["iris"],
        strategy: Strategy::Priority,
        record: false,
    },
    DemoNumber {
        name: "ringing",
        number: "+12125550107",
        title: "It rings and nobody answers",
        publisher: "METRO",
        flow: "demo-direct",
        buyers: &["ember"],
        strategy: Strategy::Priority,
        record: false,
    },
    DemoNumber {
        name: "fast",
        number: "+12125550108",
        title: "Answered at once",
        publisher: "METRO",
        flow: "demo-direct",
        buyers: &["hazel"],
        strategy: Strategy::Priority,
        record: true,
    },
    DemoNumber {
        name: "none",
        number: "+12125550109",
        title: "No buyers",
        publisher: "METRO",
        flow: "demo-direct",
        buyers: &[],
        strategy: Strategy::Priority,
        record: false,
    },
];
