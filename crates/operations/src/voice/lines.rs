//! How a telephone number is reached: over which trunk, written how, with which number shown.

use domain::{EndpointId, PhoneNumber, TrunkId};
use sip::{digest::Credentials, message::Uri};
use switch::ask::Line;

use super::snapshot::TenantRoutes;
use crate::{CallerIdSource, OutboundTrunk, Trunk, TrunkStatus, TrunkTransport, TrunkType, Vault};

/// Whose secret a trunk's password is, for the vault.
pub fn password_of(trunk: TrunkId) -> String {
    format!("trunk {trunk}")
}

/// Fewest digits of a SIP user that is a telephone number though nothing says so: fewer are an extension. With the area code, as
/// numbers are dialled within North America.
const UNSAID_DIGITS_MIN: usize = 10;

/// The number, where a destination is one and no SIP URI: it is dialled over a trunk.
pub(super) fn number_of(destination: &str) -> Option<PhoneNumber> {
    let number = match destination.split_once(':') {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel") => number.split(';').next().unwrap_or(number),
        _ => destination,
    };
    PhoneNumber::from_dialled(number).ok()
}

/// Whom a destination rings who is reached under a telephone number, as the compliance gate is to be asked: the number itself, or the
/// user of a SIP URI that is one, `sip:+15551234567@carrier.example`. `None` for names and extensions. What says that it is a number
/// and is none that can be read is given as it stands, and the gate refuses it.
pub(super) fn consumer_of(destination: &str) -> Option<String> {
    if let Some(number) = number_of(destination) {
        return Some(number.into());
    }
    let uri = Uri::parse(destination.as_bytes())?;
    let user = String::from_utf8(uri.user_decoded()?).ok()?;
    let says_so =
        user.starts_with('+') || uri.params.value("user").is_some_and(|value| value.eq_ignore_ascii_case(b"phone"));
    // A prefix the carrier goes by, as of an outbound trunk.
    let number = user.rsplit(['*', '#']).next().unwrap_or(&user);
    if !says_so && number.bytes().filter(u8::is_ascii_digit).count() < UNSAID_DIGITS_MIN {
        return None;
    }
    match PhoneNumber::from_dialled(number) {
        Ok(number) => Some(number.into()),
        Err(_) => says_so.then_some(user),
    }
}

impl TenantRoutes {
    /// The trunks that carry calls to an endpoint's number, in the order they are tried: its own alone, or else all.
    pub(super) fn lines(&self, endpoint: Option<EndpointId>) -> Vec<(&Trunk, &OutboundTrunk)> {
        let own = endpoint.and_then(|endpoint| self.own_trunks.get(&endpoint));
        let mut lines: Vec<_> = self
            .trunks
            .iter()
            .filter(|trunk| trunk.status == TrunkStatus::Active && trunk.kind == TrunkType::Sip)
            .filter(|trunk| own.is_none_or(|own| *own == trunk.id))
            .filter_map(|trunk| Some((trunk, trunk.outbound.as_ref()?)))
            .collect();
        lines.sort_by_key(|(trunk, outbound)| (outbound.priority, trunk.created_at, trunk.id));
        lines
    }
}

/// The way over one trunk. `caller` is who calls, as signalled.
pub(super) fn line(
    trunk: &Trunk,
    outbound: &OutboundTrunk,
    number: &PhoneNumber,
    caller: &str,
    vault: Option<&Vault>,
) -> Line {
    let written = |number: &PhoneNumber| outbound.number_format.write(number);
    let transport = match outbound.transport {
        TrunkTransport::Udp => "",
        TrunkTransport::Tcp => ";transport=tcp",
    };
    // An address of IPv6 is written in brackets in a URI.
    let host =
        if trunk.host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{}]", trunk.host) } else { trunk.host.clone() };
    let callers = PhoneNumber::from_dialled(caller).ok();
    let shown = match outbound.caller_id_source {
        CallerIdSource::Caller => callers.or_else(|| outbound.caller_id.clone()),
        CallerIdSource::Trunk => outbound.caller_id.clone().or(callers),
    };
    Line {
        trunk: trunk.id,
        uri: format!("sip:{}{}@{host}:{}{transport}", outbound.number_prefix, written(number), trunk.port),
        caller_id: shown.as_ref().map(written),
        asserts_identity: outbound.asserts_identity,
        credentials: credentials(trunk, outbound, vault),
    }
}

fn credentials(trunk: &Trunk, outbound: &OutboundTrunk, vault: Option<&Vault>) -> Option<Credentials> {
    let (username, sealed) = outbound.username.as_ref().zip(outbound.sealed_password.as_ref())?;
    let password = vault.and_then(|vault| vault.open(&password_of(trunk.id), sealed));
    if password.is_none() {
        tracing::error!(trunk = %trunk.id, "the trunk's password was sealed with another key; set it again, or SECRETS_KEY");
    }
    Some(Credentials { username: username.clone().into_bytes(), password: password?.into_bytes() })
}

#[cfg(test)]
mod tests {
    use domain::{CarrierId, TenantId, Timestamp};

    use super::*;
    use crate::NumberFormat;

    fn trunk() -> Trunk {
        Trunk {
            id: TrunkId(uuid::Uuid::from_u128(1)),
            tenant: TenantId(uuid::Uuid::from_u128(2)),
            carrier: CarrierId(uuid::Uuid::from_u128(3)),
            name: "West".into(),
            kind: TrunkType::Sip,
            host: "sip.carrier.example".into(),
            port: 5_060,
            source_cidrs: Vec::new(),
            digest_username: None,
            digest_realm: None,
            digest_ha1_md5: None,
            digest_ha1_sha256: None,
            outbound: None,
            concurrent_calls_max: None,
            status: TrunkStatus::Active,
            metadata: serde_json::json!({}),
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
        }
    }

    fn outbound() -> OutboundTrunk {
        OutboundTrunk {
            priority: 0,
            transport: TrunkTransport::Udp,
            username: None,
            sealed_password: None,
            number_format: NumberFormat::E164,
            number_prefix: String::new(),
            caller_id: None,
            caller_id_source: CallerIdSource::Caller,
            asserts_identity: true,
        }
    }

    #[test]
    fn a_number_is_written_as_the_trunk_says() {
        let number = "+15557654321".parse().unwrap();
        let plain = line(&trunk(), &outbound(), &number, "+12005550001", None);
        assert_eq!(plain.uri, "sip:+15557654321@sip.carrier.example:5060");
        assert_eq!(plain.caller_id.as_deref(), Some("+12005550001"));
        let tcp = OutboundTrunk {
            transport: TrunkTransport::Tcp,
            number_format: NumberFormat::Digits,
            number_prefix: "99#".into(),
            ..outbound()
        };
        let at = Trunk { host: "2001:db8::1".into(), port: 5_080, ..trunk() };
        let written = line(&at, &tcp, &number, "anonymous", None);
        assert_eq!(written.uri, "sip:99#15557654321@[2001:db8::1]:5080;transport=tcp");
        assert_eq!(written.caller_id, None, "withheld, and the trunk has none");
    }

    #[test]
    fn a_number_is_known_however_it_is_written() {
        let number = Some("+15551234567");
        for (destination, consumer) in [
            ("+15551234567", number),
            ("tel:+1-555-123-4567", number),
            ("TEL:+15551234567;ext=7", number),
            ("sip:+15551234567@carrier.example", number),
            ("SIPS:+15551234567@carrier.example:5061;transport=tcp", number),
            ("sip:%2B15551234567@carrier.example", number),
            ("sip:+15551234567;npdi=yes:secret@carrier.example", number),
            ("sip:15551234567@carrier.example", number),
            ("sip:5551234567@carrier.example", number),
            ("sip:(555)123-4567@carrier.example", number),
            ("sip:01115551234567@carrier.example", number),
            ("sip:99#15551234567@carrier.example", number),
            ("sip:4930123456;phone-context=+49@carrier.example;user=phone", Some("+14930123456")),
            ("sip:911@carrier.example;user=phone", Some("+911")),
            ("sip:+4930123456@carrier.example", Some("+4930123456")),
            // Said to be a number, and none.
            ("sip:desk@pbx;user=phone", Some("desk")),
            ("sip:+0@carrier.example", Some("+0")),
            ("sip:desk@pbx", None),
            ("sip:101@pbx", None),
            ("sip:5551234@pbx", None),
            ("sip:line15551234567@pbx", None),
            ("sip:123456789012345678@pbx", None),
            ("sip:carrier.example;user=phone", None),
            ("desk", None),
        ] {
            assert_eq!(consumer_of(destination).as_deref(), consumer, "{destination}");
        }
    }

    #[test]
    fn who_is_shown() {
        let number = "+15557654321".parse().unwrap();
        let shown = |source, own: Option<&str>, caller: &str| {
            let caller_id = own.map(|own| own.parse().unwrap());
            let outbound = OutboundTrunk { caller_id_source: source, caller_id, ..outbound() };
            line(&trunk(), &outbound, &number, caller, None).caller_id
        };
        for (source, own, caller, expected) in [
            (CallerIdSource::Caller, Some("+15550000001"), "2005550001", Some("+12005550001")),
            (CallerIdSource::Caller, Some("+15550000001"), "anonymous", Some("+15550000001")),
            (CallerIdSource::Trunk, Some("+15550000001"), "2005550001", Some("+15550000001")),
            (CallerIdSource::Trunk, None, "2005550001", Some("+12005550001")),
            (CallerIdSource::Trunk, None, "anonymous", None),
        ] {
            assert_eq!(shown(source, own, caller).as_deref(), expected, "{source} {own:?} {caller}");
        }
    }
}
