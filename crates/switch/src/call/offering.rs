//! Selling the call: one buyer after another until somebody takes it.

use std::sync::Arc;
use std::time::Duration;

use domain::{ComplianceVerdict, EndpointId, LegFailure, LegRole, RankingRecord, Timestamp, TrunkId, What};

use super::Call;
use super::asking::AskFor;
use super::callee::Target;
use crate::ask::{Ask, BuyerSearch, Offer};
use crate::core::Core;

/// A buyer node at work.
#[derive(Debug)]
pub(crate) struct Offering {
    offer: Arc<flow::BuyerOffer>,
    whisper: Option<Arc<flow::WhisperTerms>>,
    tried: Vec<EndpointId>,
    /// Whose carrier did not take the call just now.
    again: Option<EndpointId>,
    tried_lines: Vec<(EndpointId, TrunkId)>,
    /// How the last one failed, for the flow.
    last_failure: Option<LegFailure>,
}

impl Call {
    /// The flow offers the call.
    pub(super) fn start_offering(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        offer: Arc<flow::BuyerOffer>,
        whisper: Option<Arc<flow::WhisperTerms>>,
    ) {
        self.offering = Some(Offering {
            offer,
            whisper,
            tried: Vec::new(),
            again: None,
            tried_lines: Vec::new(),
            last_failure: None,
        });
        self.ask_next_buyer(core, now);
    }

    fn ask_next_buyer(&mut self, core: &mut Core, now: Timestamp) {
        let (Some(offering), Some(found)) = (&self.offering, &self.found) else { return };
        let search = BuyerSearch {
            call: self.id,
            tenant: self.tenant,
            campaign: found.campaign,
            publisher: found.publisher,
            flow: found.flow,
            node: offering.offer.node.to_string(),
            offer: offering.offer.clone(),
            caller: self.caller.from.clone(),
            attestation: self.caller.attestation,
            tags: self.tags_text(),
            tried: offering.tried.clone(),
            again: offering.again,
            tried_lines: offering.tried_lines.clone(),
            draw: core.seed.next_u64(),
            now,
        };
        self.ask(core, now, AskFor::Buyer, Ask::NextBuyer(Box::new(search)));
    }

    /// Somebody has room.
    pub(super) fn on_offer(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        offer: Offer,
        ranking: Box<RankingRecord>,
        screened: Vec<ComplianceVerdict>,
    ) {
        let Some(offering) = self.offering.as_mut() else { return };
        offering.again = None;
        offering.tried.push(offer.endpoint);
        let node = offering.offer.node.to_string();
        let (whisper, ring_ms) = (offering.whisper.clone(), offering.offer.ring_timeout_ms);
        self.log(core, now, What::Ranked { node, ranking });
        self.log_screened(core, now, screened);
        let target = Target {
            role: LegRole::Buyer,
            destination: offer.destination,
            line: offer.line,
            buyer: Some(offer.buyer),
            endpoint: Some(offer.endpoint),
            lease: Some(offer.lease),
            terms: Some(offer.terms),
            ring_max: ring_ms.or(offer.ring_timeout_ms).map(Duration::from_millis),
            connected_max: offer.duration_max_ms.map(Duration::from_millis),
            whisper,
            agent: None,
        };
        self.dial(core, now, target);
    }

    /// Nobody has.
    pub(super) fn on_no_offer(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        all_busy: bool,
        ranking: Box<RankingRecord>,
        screened: Vec<ComplianceVerdict>,
    ) {
        let Some(offering) = self.offering.take() else { return };
        let blocked = ranking.compliance.clone().filter(|verdict| !verdict.allowed);
        self.log(core, now, What::Ranked { node: offering.offer.node.to_string(), ranking });
        if let Some(verdict) = blocked {
            self.log(core, now, What::ComplianceBlocked { verdict });
        }
        self.log_screened(core, now, screened);
        let why = match offering.last_failure {
            Some(LegFailure::Declined) => flow::OfferFailure::Declined,
            Some(LegFailure::NoAnswer) => flow::OfferFailure::NoAnswer,
            Some(_) => flow::OfferFailure::AllBusy,
            None if all_busy => flow::OfferFailure::AllBusy,
            None => flow::OfferFailure::NoBuyers,
        };
        self.resume(core, now, flow::FlowEvent::OfferFailed(why));
    }

    /// What compliance said of numbers outside: evidence, whether they were dialled or not.
    fn log_screened(&mut self, core: &mut Core, now: Timestamp, screened: Vec<ComplianceVerdict>) {
        for verdict in screened {
            let verdict = Box::new(verdict);
            let what =
                if verdict.allowed { What::ComplianceCleared { verdict } } else { What::ComplianceBlocked { verdict } };
            self.log(core, now, what);
        }
    }

    /// The flow no longer wants a buyer.
    pub(super) fn cancel_offering(&mut self, core: &mut Core, now: Timestamp) {
        if self.offering.take().is_some() {
            self.forget(core, |why| why == AskFor::Buyer);
            self.end_callee(core, now, domain::Party::Platform);
        }
    }

    fn tags_text(&self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.tags.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// The question failed: the flow takes its failure path.
    pub(super) fn on_offer_impossible(&mut self, core: &mut Core, now: Timestamp) {
        if self.offering.take().is_some() {
            self.resume(core, now, flow::FlowEvent::OfferFailed(flow::OfferFailure::Error));
        }
    }

    /// One buyer's leg failed: try the next, or the same over another trunk where this one's carrier did not take the call.
    pub(super) fn on_offer_failed(
        &mut self,
        core: &mut Core,
        now: Timestamp,
        failure: LegFailure,
        lost_line: Option<TrunkId>,
    ) {
        if self.ended {
            return;
        }
        let attempts_max = core.config.attempts_max;
        let Some(offering) = self.offering.as_mut() else { return };
        offering.last_failure = Some(failure);
        if let Some((trunk, endpoint)) = lost_line.zip(offering.tried.pop_if(|_| lost_line.is_some())) {
            offering.tried_lines.push((endpoint, trunk));
            offering.again = Some(endpoint);
        }
        if offering.tried.len() + offering.tried_lines.len() >= attempts_max {
            self.offering = None;
            self.resume(core, now, flow::FlowEvent::OfferFailed(flow::OfferFailure::AllBusy));
            return;
        }
        self.ask_next_buyer(core, now);
    }
}
