use sip::Method;

macro_rules! labelled {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// As a metric's label.
            pub const fn label(self) -> &'static str {
                match self { $($name::$variant => $label,)* }
            }
        }
    };
}

labelled! {
    /// What became of a message that arrived. Each has exactly one.
    Fate {
        /// Passed on, changed as a proxy does.
        Forwarded "forwarded",
        /// Ended here as it should: OPTIONS, CANCEL, a 100, the ACK of a failure.
        Answered "answered",
        /// Seen before; answered again or absorbed.
        Repeated "repeated",
        /// Refused, by [`Reason`].
        Refused "refused",
        /// No SIP, and nobody could be told.
        Unreadable "unreadable",
        /// An empty keep-alive.
        KeepAlive "keep_alive",
        /// Beyond the flood limit, so far beyond that it was not answered.
        Flooded "flooded",
        /// A response to nothing we sent, or to what is over.
        Stray "stray",
        /// An ACK that belongs to nothing, or that may not pass.
        StrayAck "stray_ack",
    }
}

labelled! {
    /// Why a request was refused.
    Reason {
        Malformed "malformed",
        Flood "flood",
        TooManyHops "too_many_hops",
        Loop "loop",
        UnknownTrunk "unknown_trunk",
        TrunkDisabled "trunk_disabled",
        Challenged "challenged",
        WrongPassword "wrong_password",
        ReplayedDigest "replayed_digest",
        /// To-tag without a route of ours.
        NoDialog "no_dialog",
        /// A route that looks like ours but is not signed for this dialog.
        ForgedRoute "forged_route",
        /// A Route to others, from outside.
        ForeignRoute "foreign_route",
        /// In a dialog, from outside, to what is no switch.
        ForeignTarget "foreign_target",
        /// From a switch's address without a verdict of a switch.
        NoVerdict "no_verdict",
        Method "method",
        Extension "extension",
        Scheme "scheme",
        NoNode "no_node",
        Unresolved "unresolved",
        Overload "overload",
        StrayCancel "stray_cancel",
    }
}

/// Methods in the order they are counted.
pub const METHODS: [Method; 15] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Register,
    Method::Prack,
    Method::Update,
    Method::Refer,
    Method::Info,
    Method::Subscribe,
    Method::Notify,
    Method::Message,
    Method::Publish,
    Method::Other,
];

/// All that was counted since the start. `received` is the sum of all fates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub received: u64,
    pub sent: u64,
    pub requests_received: [u64; METHODS.len()],
    pub requests_sent: [u64; METHODS.len()],
    /// By class: index 1 for 1xx to 6 for 6xx.
    pub responses_received: [u64; 7],
    pub responses_sent: [u64; 7],
    fates: [u64; Fate::ALL.len()],
    refused: [u64; Reason::ALL.len()],
    /// INVITEs of trunks that were let in.
    pub admitted: u64,
    /// Nodes passed over because they failed or kept silent.
    pub failovers: u64,
    /// Failures of ours that were never acknowledged.
    pub unacknowledged: u64,
}

impl Counters {
    pub fn fate(&self, fate: Fate) -> u64 {
        self.fates[fate as usize]
    }

    pub fn refused(&self, reason: Reason) -> u64 {
        self.refused[reason as usize]
    }

    pub(crate) fn count_fate(&mut self, fate: Fate) {
        self.fates[fate as usize] += 1;
    }

    pub(crate) fn count_refused(&mut self, reason: Reason) {
        self.refused[reason as usize] += 1;
    }

    pub(crate) fn count_request(counts: &mut [u64; METHODS.len()], method: Method) {
        let index = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        counts[index] += 1;
    }

    /// Counts what is sent, by its first bytes.
    pub(crate) fn count_sent(&mut self, bytes: &[u8]) {
        self.sent += 1;
        if let Some(status) = bytes.strip_prefix(b"SIP/2.0 ") {
            let class = status.first().map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
            if let Some(count) = self.responses_sent.get_mut(class) {
                *count += 1;
            }
        } else {
            let end = bytes.iter().position(|byte| *byte == b' ').unwrap_or(0);
            Self::count_request(&mut self.requests_sent, Method::from_token(&bytes[..end]));
        }
    }
}
