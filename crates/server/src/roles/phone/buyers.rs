//! The demo's buyers: real SIP phones, each with a behaviour and a pair of tones of its own.

use std::time::Duration;

use phone::hears::TonePair;
use phone::voice::{Behaviour, Sound, Step, tones};

/// In every answer of a demo buyer: its name.
pub const HEADER: &str = "X-Demo-Buyer";

/// Tones at the start of each announcement.
const TONES: Duration = Duration::from_millis(600);

/// Silence behind it.
const PAUSE: Duration = Duration::from_millis(600);

/// What a buyer does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// Rings, answers, speaks, and hangs up after a while.
    Answers {
        after: Duration,
        talks: Duration,
    },
    /// Speaks before it answers (183).
    SpeaksEarly {
        after: Duration,
        talks: Duration,
    },
    Busy,
    NeverAnswers,
    Fails,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoBuyer {
    /// User part of its SIP address.
    pub user: &'static str,
    pub name: &'static str,
    pub says: &'static str,
    pub tones: TonePair,
    pub temper: Temper,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Which number reaches whom is the demo's to say (`tests/interop/README.md` lists what the interop tests need).
pub const DEMO_BUYERS: [DemoBuyer; 8] = [
    DemoBuyer {
        user: "acme",
        name: "Acme Insurance",
        says: "Thank you for calling Acme Insurance. How can I help you today?",
        tones: TonePair::BUYERS[0],
        temper: Temper::Answers { after: seconds(1), talks: seconds(600) },
    },
    DemoBuyer {
        user: "bluebird",
        name: "Bluebird Solar",
        says: "Hello, you have reached Bluebird Solar. Let us talk about your roof.",
        tones: TonePair::BUYERS[1],
        temper: Temper::Answers { after: seconds(2), talks: seconds(600) },
    },
    DemoBuyer {
        user: "cedar",
        name: "Cedar Home Services",
        says: "Cedar Home Services. Please hold the line, a technician will be with you.",
        tones: TonePair::BUYERS[2],
        temper: Temper::SpeaksEarly { after: seconds(3), talks: seconds(600) },
    },
    DemoBuyer { user: "dune", name: "Dune Legal (busy)", says: "", tones: TonePair::BUYERS[3], temper: Temper::Busy },
    DemoBuyer {
        user: "ember",
        name: "Ember Travel (never answers)",
        says: "",
        tones: TonePair::BUYERS[4],
        temper: Temper::NeverAnswers,
    },
    DemoBuyer {
        user: "flint",
        name: "Flint Finance (fails)",
        says: "",
        tones: TonePair::BUYERS[5],
        temper: Temper::Fails,
    },
    DemoBuyer {
        user: "gale",
        name: "Gale Roofing (hangs up soon)",
        says: "Gale Roofing. Sorry, we are closed.",
        tones: TonePair::BUYERS[6],
        temper: Temper::Answers { after: seconds(1), talks: seconds(5) },
    },
    DemoBuyer {
        user: "hazel",
        name: "Hazel Motors (answers at once)",
        says: "Hazel Motors, good day.",
        tones: TonePair::BUYERS[7],
        temper: Temper::Answers { after: seconds(0), talks: seconds(600) },
    },
];

impl DemoBuyer {
    /// The behaviour with its announcement: the pair of tones, then `speech`, again and again.
    pub fn behaviour(&self, speech: Option<Sound>) -> Behaviour {
        let mut announcement = tones(&[self.tones.0, self.tones.1], TONES).to_vec();
        announcement.extend_from_slice(&speech.unwrap_or_default());
        announcement.resize(announcement.len() + media::samples_in(PAUSE) as usize, 0);
        let sound: Sound = announcement.into();
        let steps = |talks| vec![Step::RepeatFor(sound.clone(), talks), Step::HangUp];
        match self.temper {
            Temper::Answers { after, talks } => Behaviour::Answer { after, steps: steps(talks) },
            Temper::SpeaksEarly { after, talks } => {
                Behaviour::EarlyMedia { early: sound.clone(), after, steps: steps(talks) }
            }
            Temper::Busy => Behaviour::BUSY,
            Temper::NeverAnswers => Behaviour::NeverAnswer,
            Temper::Fails => Behaviour::FAIL,
        }
    }

    /// The demo buyer whose tones are in what was heard.
    pub fn heard_in(samples: &[i16]) -> Option<&'static Self> {
        let pairs = DEMO_BUYERS.map(|buyer| buyer.tones);
        let (pair, _) = phone::hears::longest_pair(samples, &pairs)?;
        DEMO_BUYERS.iter().find(|buyer| buyer.tones == pair)
    }
}
