use super::glare::InviteLock;
use crate::message::{EditError, Method, Name, NameAddr, Request, RequestBuilder, Response, Scheme, Uri};
use bytes::Bytes;

/// The largest route set accepted from outside.
pub const ROUTES_MAX: usize = 32;
/// Forks of one INVITE that are kept apart.
pub const FORKS_MAX: usize = 16;
/// RFC 3261 §8.1.1.5.
const CSEQ_MAX: u32 = (1 << 31) - 1;

/// What tells dialogs apart (RFC 3261 §12): Call-ID, our tag, the peer's tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialogId {
    pub call_id: Bytes,
    pub local_tag: Bytes,
    pub remote_tag: Bytes,
}

impl DialogId {
    /// The dialog a request from the peer belongs to. `None` if it is outside of any.
    pub fn of_request(request: &Request) -> Option<DialogId> {
        Some(DialogId {
            call_id: copy(request.call_id()),
            local_tag: copy(request.to_tag()?),
            remote_tag: copy(request.from_tag().unwrap_or_default()),
        })
    }

    /// The dialog a response to a request of ours belongs to or makes.
    pub fn of_response(response: &Response) -> Option<DialogId> {
        Some(DialogId {
            call_id: copy(response.call_id()),
            local_tag: copy(response.from_tag()?),
            remote_tag: copy(response.to_tag()?),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before a 2xx.
    Early,
    Confirmed,
    Terminated,
}

/// Why there is no dialog, or no request in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    #[error("no tag to make a dialog of")]
    Tag,
    #[error("no usable Contact")]
    Contact,
    #[error("unusable Record-Route")]
    Route,
    #[error("unusable CSeq")]
    CSeq,
    #[error("an INVITE is under way already")]
    InvitePending,
    #[error("the dialog has ended")]
    Terminated,
    #[error(transparent)]
    Message(#[from] EditError),
}

/// A request in the dialog that must be refused with this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// CSeq lower than the last (§12.2.2): 500.
    OutOfOrder,
    /// Our INVITE is under way (§14.2): 491.
    Glare,
    /// Their own earlier INVITE is not answered yet (§14.2): 500 with a Retry-After of 0 to 10 s.
    InviteUnanswered,
    /// The dialog has ended: 481.
    Terminated,
}

impl Refusal {
    pub fn status(self) -> u16 {
        match self {
            Refusal::OutOfOrder | Refusal::InviteUnanswered => 500,
            Refusal::Glare => 491,
            Refusal::Terminated => 481,
        }
    }
}

/// One dialog, seen from our side.
#[derive(Clone, Debug)]
pub struct Dialog {
    id: DialogId,
    phase: Phase,
    owns_call_id: bool,
    /// From, as we write it, with our tag.
    local: Bytes,
    /// To, as we write it, with the peer's tag.
    remote: Bytes,
    local_contact: Bytes,
    remote_target: Bytes,
    routes: Vec<Bytes>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    invite: InviteLock,
}

impl Dialog {
    /// Our INVITE was answered with a tag: a 101-199 makes an early dialog, a 2xx a confirmed one (§12.1.2).
    ///
    /// # Errors
    /// The response lacks what a dialog needs.
    pub fn from_response(request: &Request, response: &Response) -> Result<Dialog, DialogError> {
        let mut routes = read_routes(response.values(Name::RecordRoute))?;
        routes.reverse();
        let cseq = request.cseq().ok_or(DialogError::CSeq)?.number;
        // A provisional may come without Contact; then the target stays where the request went.
        let remote_target = match response.contact() {
            Some(contact) => checked_target(&contact)?,
            None if response.is_provisional() => copy(request.uri_bytes()),
            None => return Err(DialogError::Contact),
        };
        Ok(Dialog {
            id: DialogId::of_response(response).ok_or(DialogError::Tag)?,
            phase: if response.is_success() { Phase::Confirmed } else { Phase::Early },
            owns_call_id: true,
            local: copy(request.header(Name::From).unwrap_or_default()),
            remote: copy(response.header(Name::To).unwrap_or_default()),
            local_contact: copy(request.values(Name::Contact).next().unwrap_or_default()),
            remote_target,
            routes,
            local_cseq: cseq,
            remote_cseq: None,
            invite: if response.is_success() { InviteLock::Idle } else { InviteLock::Ours },
        })
    }

    /// We answer the peer's INVITE under `local_tag` and offer `contact` (a Contact value) as our address (§12.1.1).
    /// It is early until [`Dialog::confirm`].
    ///
    /// # Errors
    /// The request lacks what a dialog needs: refuse it with 400.
    pub fn from_request(request: &Request, local_tag: &[u8], contact: &[u8]) -> Result<Dialog, DialogError> {
        let to = request.header(Name::To).unwrap_or_default();
        let local = match request.to_tag() {
            Some(_) => copy(to),
            None => Bytes::from([to, b";tag=", local_tag].concat()),
        };
        let contact_of_peer = request.contact().ok_or(DialogError::Contact)?;
        Ok(Dialog {
            id: DialogId {
                call_id: copy(request.call_id()),
                local_tag: copy(request.to_tag().unwrap_or(local_tag)),
                remote_tag: copy(request.from_tag().ok_or(DialogError::Tag)?),
            },
            phase: Phase::Early,
            owns_call_id: false,
            local,
            remote: copy(request.header(Name::From).unwrap_or_default()),
            local_contact: copy(contact),
            remote_target: checked_target(&contact_of_peer)?,
            routes: read_routes(request.values(Name::RecordRoute))?,
            local_cseq: 0,
            remote_cseq: Some(request.cseq().ok_or(DialogError::CSeq)?.number),
            invite: InviteLock::Theirs,
        })
    }

    pub fn id(&self) -> &DialogId {
        &self.id
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn invite_lock(&self) -> InviteLock {
        self.invite
    }

    /// Whether our side chose the Call-ID, for [`super::glare_delay`].
    pub fn owns_call_id(&self) -> bool {
        self.owns_call_id
    }

    /// The URI the peer wants requests sent to.
    pub fn remote_target(&self) -> &[u8] {
        &self.remote_target
    }

    /// The URI whose address the next request goes to: the first route, else the target (§12.2.1.1).
    pub fn next_hop(&self) -> &[u8] {
        self.routes
            .first()
            .and_then(|route| NameAddr::parse(route))
            .map_or(&self.remote_target, |route| route.uri_bytes)
    }

    /// The next request of ours in this dialog; CSeq is counted up. INVITE takes the lock: end it by
    /// [`Dialog::invite_finished`]. ACK has its own [`Dialog::ack`].
    ///
    /// # Errors
    /// The dialog has ended, or another INVITE is under way.
    pub fn request(&mut self, method: Method) -> Result<RequestBuilder, DialogError> {
        if self.phase == Phase::Terminated {
            return Err(DialogError::Terminated);
        }
        if method == Method::Invite && self.invite != InviteLock::Idle {
            return Err(DialogError::InvitePending);
        }
        self.local_cseq = self.local_cseq.checked_add(1).filter(|&n| n <= CSEQ_MAX).ok_or(DialogError::CSeq)?;
        match method {
            Method::Invite => self.invite = InviteLock::Ours,
            Method::Bye => self.phase = Phase::Terminated,
            _ => {}
        }
        let builder = self.builder(method, self.local_cseq);
        let refreshes =
            matches!(method, Method::Invite | Method::Update | Method::Subscribe | Method::Refer | Method::Notify);
        Ok(if refreshes && !self.local_contact.is_empty() {
            builder.header(Name::Contact, &self.local_contact)
        } else {
            builder
        })
    }

    /// The ACK of a 2xx to our INVITE with this CSeq number (§13.2.2.4). Send it again for each repeated 2xx.
    pub fn ack(&self, invite_cseq: u32) -> RequestBuilder {
        self.builder(Method::Ack, invite_cseq)
    }

    fn builder(&self, method: Method, cseq: u32) -> RequestBuilder {
        let strict = self
            .routes
            .first()
            .and_then(|route| NameAddr::parse(route))
            .filter(|route| route.uri().is_some_and(|uri| !uri.is_loose_router()));
        let (uri, routes) = match &strict {
            // §12.2.1.1: a strict router wants itself as the Request-URI and the target as the last route.
            Some(router) => (router.uri_bytes, &self.routes[1..]),
            None => (&*self.remote_target, &self.routes[..]),
        };
        let mut builder = RequestBuilder::new(method, uri);
        for route in routes {
            builder = builder.header(Name::Route, route);
        }
        if strict.is_some() {
            builder = builder.header(Name::Route, [b"<", &*self.remote_target, b">"].concat());
        }
        builder
            .header(Name::From, &self.local)
            .header(Name::To, &self.remote)
            .header(Name::CallId, &self.id.call_id)
            .cseq(cseq, method)
    }

    /// Judges a request of the peer's in this dialog, in order of arrival; takes its CSeq, its Contact and the INVITE
    /// lock. Not for ACK and CANCEL, which repeat the CSeq of their INVITE.
    ///
    /// # Errors
    /// Refuse it with the status of the refusal.
    pub fn receive(&mut self, request: &Request) -> Result<(), Refusal> {
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        if self.phase == Phase::Terminated {
            return Err(Refusal::Terminated);
        }
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return Err(Refusal::OutOfOrder);
        }
        self.remote_cseq = Some(number);
        match request.method() {
            Method::Invite => {
                match self.invite {
                    InviteLock::Ours => return Err(Refusal::Glare),
                    InviteLock::Theirs => return Err(Refusal::InviteUnanswered),
                    InviteLock::Idle => self.invite = InviteLock::Theirs,
                }
                self.refresh_target(request.contact());
            }
            Method::Update => self.refresh_target(request.contact()),
            Method::Bye => self.phase = Phase::Terminated,
            _ => {}
        }
        Ok(())
    }

    /// A further response to an INVITE or UPDATE of ours: confirms, refreshes the target, and in an early dialog takes
    /// the route set of the 2xx (§13.2.2.4).
    pub fn receive_response(&mut self, response: &Response) {
        if response.is_provisional() {
            return;
        }
        let invite = response.cseq().is_some_and(|cseq| cseq.method == b"INVITE");
        if invite {
            self.invite_finished();
        }
        if !response.is_success() {
            // §12.2.1.2: these two end the dialog, other failures only the request.
            if matches!(response.status(), 408 | 481) || self.phase == Phase::Early && invite {
                self.phase = Phase::Terminated;
            }
            return;
        }
        if invite && self.phase == Phase::Early {
            if let Ok(mut routes) = read_routes(response.values(Name::RecordRoute)) {
                routes.reverse();
                self.routes = routes;
            }
            self.phase = Phase::Confirmed;
        }
        if invite || response.cseq().is_some_and(|cseq| cseq.method == b"UPDATE") {
            self.refresh_target(response.contact());
        }
    }

    /// We sent our 2xx.
    pub fn confirm(&mut self) {
        if self.phase == Phase::Early {
            self.phase = Phase::Confirmed;
        }
        self.invite_finished();
    }

    /// The INVITE under way, in either direction, has its final response.
    pub fn invite_finished(&mut self) {
        self.invite = InviteLock::Idle;
    }

    pub fn terminate(&mut self) {
        self.phase = Phase::Terminated;
    }

    fn refresh_target(&mut self, contact: Option<NameAddr<'_>>) {
        if let Some(target) = contact.and_then(|contact| checked_target(&contact).ok()) {
            self.remote_target = target;
        }
    }
}

/// The dialogs one INVITE of ours made, one for each fork that answered (§13.2.2.4).
#[derive(Debug, Default)]
pub struct Forks {
    dialogs: Vec<Dialog>,
}

impl Forks {
    /// Takes a response to the INVITE. `None` where it carries no tag (100), belongs to no dialog, or one fork too many.
    ///
    /// # Errors
    /// The response lacks what a dialog needs.
    pub fn receive(&mut self, request: &Request, response: &Response) -> Result<Option<&mut Dialog>, DialogError> {
        let Some(tag) = response.to_tag().filter(|_| response.status() > 100 && response.status() < 300) else {
            return Ok(None);
        };
        if let Some(index) = self.dialogs.iter().position(|dialog| dialog.id.remote_tag == tag) {
            self.dialogs[index].receive_response(response);
            return Ok(self.dialogs.get_mut(index));
        }
        if self.dialogs.len() >= FORKS_MAX {
            return Ok(None);
        }
        self.dialogs.push(Dialog::from_response(request, response)?);
        Ok(self.dialogs.last_mut())
    }

    pub fn dialogs(&self) -> &[Dialog] {
        &self.dialogs
    }

    /// Takes out the confirmed dialog of the fork that won; the others stay, to be answered with ACK and BYE.
    pub fn take(&mut self, remote_tag: &[u8]) -> Option<Dialog> {
        let index = self.dialogs.iter().position(|dialog| dialog.id.remote_tag == remote_tag)?;
        Some(self.dialogs.remove(index))
    }
}

fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn checked_target(contact: &NameAddr<'_>) -> Result<Bytes, DialogError> {
    let usable = |uri: &Uri<'_>| matches!(uri.scheme, Scheme::Sip | Scheme::Sips);
    contact.uri().filter(usable).map(|_| copy(contact.uri_bytes)).ok_or(DialogError::Contact)
}

fn read_routes<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Bytes>, DialogError> {
    let mut routes = Vec::new();
    for value in values {
        let usable = NameAddr::parse(value).and_then(|route| route.uri()).is_some();
        if !usable || routes.len() >= ROUTES_MAX {
            return Err(DialogError::Route);
        }
        routes.push(copy(value));
    }
    Ok(routes)
}
