//! Where messages go.

pub(crate) mod hop {
    use std::net::SocketAddr;

    use domain::{CallId, Timestamp};
    use sip::dialog::Dialog;
    use sip::message::{Method, Request, Response, Uri};
    use sip::transaction::{ClientKey, Destination, Transport};

    use crate::call::{Proof, credentials_of};
    use crate::config::Config;
    use crate::core::{Acknowledged, Core, Pending, Purpose};

    /// Outbound legs and whatever we cannot place ourselves go to the edge.
    pub(crate) fn to_edge(config: &Config) -> Destination {
        Destination::udp(config.local, config.edge)
    }

    /// The Route that leads over the edge.
    pub(crate) fn edge_route(config: &Config) -> String {
        format!("<sip:{};lr>", config.edge)
    }

    /// The hop a dialog's next request goes to: an address is taken as it is, a name is the edge's to resolve.
    pub(crate) fn of_dialog(config: &Config, dialog: &Dialog) -> Destination {
        let Some(uri) = Uri::parse(dialog.next_hop()) else { return to_edge(config) };
        let Some(ip) = uri.host_ip() else { return to_edge(config) };
        let transport = uri.transport().and_then(Transport::from_token).unwrap_or(Transport::Udp);
        let remote = SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port()));
        Destination { transport, local: config.local, remote }
    }

    /// Hangs up. `proof` is what the peer was told when it asked who calls.
    pub(crate) fn bye(core: &mut Core, now: Timestamp, call: CallId, dialog: &mut Dialog, proof: Option<&Proof>) {
        let destination = of_dialog(&core.config, dialog);
        let request = dialog.request(Method::Bye).ok().and_then(|builder| builder.build().ok());
        if let Some(request) = request {
            let again = proof.map(|proof| Box::new((request.clone(), proof.clone())));
            core.send(now, &request, destination, Pending { call, purpose: Purpose::Bye(again) });
        }
    }

    /// The peer wants to know who sends the BYE.
    pub(crate) fn bye_again(
        core: &mut Core,
        now: Timestamp,
        call: CallId,
        (request, mut proof): (Request, Proof),
        response: &Response,
    ) {
        let cnonce = core.transactions.identifiers().tag();
        let Some(again) = proof.repeat(&request, response, &cnonce) else { return };
        let to = to_edge(&core.config);
        core.send(now, &again, to, Pending { call, purpose: Purpose::Bye(None) });
    }

    /// Acknowledges a 2xx to this INVITE of ours, and remembers the ACK for the 2xx that come again.
    pub(crate) fn acknowledge(core: &mut Core, invite: &Request, dialog: &Dialog, client: ClientKey) {
        let cseq = invite.cseq().map_or(1, |cseq| cseq.number);
        let destination = of_dialog(&core.config, dialog);
        let ack = credentials_of(invite).fold(dialog.ack(cseq), |ack, (name, value)| ack.header(name, value));
        let Ok(ack) = ack.build() else { return };
        match core.transactions.send_ack(&ack, destination) {
            Ok(ack) => {
                let tag = dialog.id().remote_tag.clone();
                core.acks.entry(client).or_default().push(Acknowledged { tag, destination, ack });
            }
            Err(error) => tracing::warn!(%error, "ACK not sent"),
        }
    }
}
