#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::Method;
use sip::digest::{Algorithm, Authenticator, Challenge, Check, Config, Credentials, Ha1};
use sip::message::{Name, RequestBuilder};
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    if let Some(challenge) = Challenge::parse(data, true) {
        let credentials = Credentials { username: data.to_vec(), password: data.to_vec() };
        challenge.answer(&credentials, b"INVITE", b"sip:a@b", "c", 1);
    }
    let config = Config {
        realm: "r".into(),
        algorithms: vec![Algorithm::Md5, Algorithm::Sha256],
        nonce_lifetime: Duration::from_secs(60),
        nonces_max: 4,
        proxy: false,
    };
    let mut server = Authenticator::new(config, [1; 32]);
    let request = RequestBuilder::new(Method::Invite, b"sip:a@b")
        .header(Name::From, "<sip:x@y>")
        .header(Name::To, "<sip:a@b>")
        .header(Name::CallId, "id")
        .cseq(1, Method::Invite)
        .header(Name::Authorization, data)
        .build();
    if let Ok(request) = request {
        let check = server.check(Duration::from_secs(1), &request, |user, algorithm| {
            Some(Ha1::new(algorithm, user, b"r", b"a password nobody can guess"))
        });
        assert!(!matches!(check, Check::Granted { .. }));
    }
});
