//! The fold of a call's events: any order, repeats, and a call cut off by a crash.

use domain::{
    CallEvent, CallId, CallStatus, Cdr, Currency, Direction, EndCause, FoldError, IdSource, LegId, LegRole, Micros,
    Party, SaleTerms, Seed, StartedCall, SwitchId, TenantId, Timestamp, What,
};

const SECOND: i64 = 1_000_000;

fn events() -> Vec<CallEvent> {
    let start = Timestamp::from_secs(1_800_000_000);
    let mut ids = IdSource::new(Seed::from_number(7));
    let (tenant, call, leg): (TenantId, CallId, LegId) = (ids.next(start), ids.next(start), ids.next(start));
    let switch: SwitchId = ids.next(start);
    let terms = SaleTerms {
        currency: Currency::USD,
        revenue: Micros::from_units(25),
        revenue_after_ms: 10_000,
        payout: Micros::from_units(15),
        payout_after_ms: 10_000,
    };
    let started = StartedCall {
        direction: Direction::Inbound,
        from: "+15550001111".into(),
        to: "+15551234567".into(),
        caller_name: None,
        trunk: None,
        attestation: domain::Attestation::A,
        identity_claim: None,
        agent: None,
        number: None,
        campaign: None,
        publisher: None,
        flow: None,
        flow_version: None,
        sip_call_id: "abc@host".into(),
        switch,
    };
    let story = [
        (0, What::Started(Box::new(started))),
        (
            1,
            What::LegStarted {
                leg,
                role: LegRole::Buyer,
                destination: "sip:buyer@127.0.0.1".into(),
                buyer: Some(ids.next(start)),
                endpoint: Some(ids.next(start)),
                lease: None,
                terms: Some(terms),
                trunk: None,
                agent: None,
            },
        ),
        (2, What::LegRinging { leg, early_media: false }),
        (4, What::LegAnswered { leg }),
        (4, What::Answered),
        (5, What::Bridged { leg }),
        (35, What::LegEnded { leg, by: Party::Callee }),
        (36, What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None }),
    ];
    story
        .into_iter()
        .enumerate()
        .map(|(sequence, (second, what))| CallEvent {
            tenant,
            call,
            sequence: sequence as u32,
            at: Timestamp::from_micros(start.micros() + second * SECOND),
            what,
        })
        .collect()
}

#[test]
fn a_sold_call_folds() {
    let cdr = Cdr::from_events(&events()).unwrap();
    assert_eq!(cdr.status, CallStatus::Completed);
    assert_eq!(cdr.duration_ms(), 36_000);
    assert_eq!(cdr.answered_ms(), 32_000);
    assert_eq!(cdr.sold_leg().unwrap().connected_ms(), 30_000);
}

#[test]
fn order_and_repeats_do_not_matter() {
    let straight = events();
    let expected = Cdr::from_events(&straight).unwrap();
    let mut seed = Seed::from_number(1);
    for _ in 0..200 {
        let mut shuffled = straight.clone();
        shuffled.extend(straight.iter().take(seed.below(8) as usize).cloned());
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, seed.below(index as u64 + 1) as usize);
        }
        assert_eq!(Cdr::from_events(&shuffled).unwrap(), expected);
    }
}

#[test]
fn a_call_cut_off_ends_its_leg_with_it() {
    let mut cut = events();
    let leg_end = cut.iter().position(|event| matches!(event.what, What::LegEnded { .. })).unwrap();
    cut.remove(leg_end);
    let cdr = Cdr::from_events(&cut).unwrap();
    assert_eq!(cdr.sold_leg().unwrap().connected_ms(), 31_000);
}

#[test]
fn what_cannot_be_folded_says_why() {
    let all = events();
    assert_eq!(Cdr::from_events(&[]).unwrap_err(), FoldError::Empty);
    assert_eq!(Cdr::from_events(&all[1..]).unwrap_err(), FoldError::NotStarted);
    let mut mixed = all.clone();
    mixed[3].call = CallId(uuid::Uuid::nil());
    assert_eq!(Cdr::from_events(&mixed).unwrap_err(), FoldError::MixedCalls);
}
