//! STIR/SHAKEN: an INVITE with a signed PASSporT, read back over the API as claimed and not verified.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::Sipp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

use crate::callers;

const CERTIFICATE: &str = "https://certs.example/shaken.pem";
/// Seconds since the epoch; nobody compares it with the time yet.
const ISSUED_AT: u64 = 1_443_208_345;
const ORIGIN: &str = "123e4567-e89b-12d3-a456-426655440000";

/// An Identity header as an originating provider writes it (RFC 8224, RFC 8588), signed with a key of its own.
fn identity(caller: u64, called: &str) -> anyhow::Result<String> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| anyhow::anyhow!("no key"))?;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).map_err(|_| anyhow::anyhow!("no key"))?;
    let head = json!({"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": CERTIFICATE});
    let claims = json!({"attest": "A", "dest": {"tn": [called.trim_start_matches('+')]}, "iat": ISSUED_AT,
        "orig": {"tn": caller.to_string()}, "origid": ORIGIN});
    let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&head), encode(&claims));
    let signature = key.sign(&random, signed.as_bytes()).map_err(|_| anyhow::anyhow!("not signed"))?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref());
    Ok(format!("{signed}.{signature};info=<{CERTIFICATE}>;alg=ES256;ppt=shaken"))
}

pub fn claims(platform: &mut Platform) -> anyhow::Result<()> {
    let caller = callers(1);
    let called = platform.demo.number("direct")?.to_owned();
    let identity = identity(caller, &called)?;
    let before = Figures::quiet(&platform.api)?;
    let sipp =
        Sipp { identity: identity.clone(), ..Sipp::one("caller_is_attested", &called, caller, Duration::from_secs(2)) };
    let counts = sipp.call(platform.demo.sip_host())?;
    ensure!(counts.out_of_call == 0, "messages of no call: {counts:?}");
    let detail = platform.api.settled_call(&format!("+{caller}"))?;
    Figures::settled(&platform.api, &before, 1)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.sold()?;
    ensure!(detail["attestation"] == "NONE", "a claim is not taken for true: {}", detail["attestation"]);
    let claim = &detail["timeline"][0]["data"]["identityClaim"];
    ensure!(claim["attestation"] == "A" && claim["header"] == identity.as_str(), "the call's first event: {claim}");

    let id = detail["id"].as_str().context("a call has an id")?;
    let path = format!("/api/v1/admin/stir-shaken/{id}");
    let known = platform.api.get(&path)?;
    let expected = json!({"attestation": "A", "claimedAttestation": "A", "source": "PASSPORT", "fault": null, "origId": ORIGIN,
        "origNumber": caller.to_string(), "origMatches": true, "destNumbers": [called.trim_start_matches('+')],
        "certificateUrl": CERTIFICATE, "verifiedAt": null, "verifiedBy": null, "override": false, "identity": identity});
    for (name, value) in expected.as_object().context("an object")? {
        ensure!(known[name] == *value, "{name} is {}, not {value}", known[name]);
    }
    let listed = platform.api.get(&format!("/api/v1/admin/stir-shaken?phoneNumber=%2B{caller}"))?;
    ensure!(listed["data"][0]["callId"] == id, "the caller's records: {listed}");
    let said = json!({"attestation": "NONE", "reason": "a test's own key"}).to_string();
    let (status, said) = platform.api.send("POST", &format!("{path}/override"), &said)?;
    ensure!(status == 200 && said["attestation"] == "NONE" && said["claimedAttestation"] == "A", "{status} {said}");
    ensure!(platform.api.get(&path)?["overrideReason"] == "a test's own key", "it is kept");
    Ok(())
}
