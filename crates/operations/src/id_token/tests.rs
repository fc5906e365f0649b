use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const NONCE: &str = "n-0S6_WzA2Mj";

const fn expected() -> Expected<'static> {
    Expected { issuer: "https://id.acme.example", client_id: "hopwhistle", nonce: NONCE, now: NOW }
}

fn claims() -> Value {
    json!({
        "iss": "https://id.acme.example", "sub": "248289761001", "aud": "hopwhistle", "nonce": NONCE,
        "exp": 1_800_000_300, "iat": 1_799_999_990, "email": "ana@acme.example", "email_verified": true,
    })
}

fn part(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// A provider's key, and tokens made with it.
struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    fn keys(&self) -> KeySet {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|half| BASE64URL_NOPAD.encode(half));
        let other = json!({"kty": "RSA", "use": "enc", "kid": "1", "n": "AQAB", "e": "AQAB"});
        let own = json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": "1", "x": x, "y": y});
        serde_json::from_value(json!({"keys": [other, own, {"kty": "unknown"}]})).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", part(header), part(claims));
        let seal = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(seal.as_ref()))
    }

    fn of(&self, change: impl FnOnce(&mut Value)) -> Result<IdClaims, IdTokenFault> {
        let mut claims = claims();
        change(&mut claims);
        verify_id_token(&self.token(&json!({"alg": "ES256", "kid": "1"}), &claims), &self.keys(), expected())
    }
}

#[test]
fn a_good_token_says_who_it_is() {
    let found = Signer::new().of(|claims| claims["aud"] = json!(["hopwhistle"])).unwrap();
    assert_eq!(found.sub, "248289761001");
    assert_eq!(found.profile.email.as_deref(), Some("ana@acme.example"));
    assert!(found.profile.email_verified);
}

#[test]
fn every_claim_is_checked() {
    type Change = fn(&mut Value);
    let signer = Signer::new();
    let wrong: [(Change, IdTokenFault); 12] = [
        (|claims| claims["iss"] = json!("https://id.acme.example/"), IdTokenFault::Issuer),
        (|claims| claims["aud"] = json!("other"), IdTokenFault::Audience),
        (|claims| claims["aud"] = json!([]), IdTokenFault::Audience),
        (|claims| claims["aud"] = json!(["hopwhistle", "other"]), IdTokenFault::Audience),
        (|claims| claims["azp"] = json!("other"), IdTokenFault::Audience),
        (|claims| claims["exp"] = json!(1_799_999_940), IdTokenFault::Expired),
        (|claims| claims["iat"] = json!(1_800_000_061), IdTokenFault::Expired),
        (|claims| claims["nonce"] = json!("another"), IdTokenFault::Nonce),
        (|claims| drop(claims.as_object_mut().unwrap().remove("nonce")), IdTokenFault::Nonce),
        (|claims| drop(claims.as_object_mut().unwrap().remove("exp")), IdTokenFault::Unreadable),
        (|claims| drop(claims.as_object_mut().unwrap().remove("sub")), IdTokenFault::Unreadable),
        (|claims| claims["sub"] = json!(""), IdTokenFault::Unreadable),
    ];
    for (number, (change, fault)) in wrong.into_iter().enumerate() {
        assert_eq!(signer.of(change), Err(fault), "{number}");
    }
    let several = |claims: &mut Value| {
        claims["aud"] = json!(["hopwhistle", "other"]);
        claims["azp"] = json!("hopwhistle");
    };
    assert!(signer.of(several).is_ok());
    for unproven in [json!(false), json!("yes"), json!(1), Value::Null] {
        assert!(!signer.of(|claims| claims["email_verified"] = unproven).unwrap().profile.email_verified);
    }
}

#[test]
fn only_a_key_of_the_provider_signs_and_in_no_weaker_way() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let check = |token: &str| verify_id_token(token, &signer.keys(), expected());
    let header = json!({"alg": "ES256", "kid": "1"});
    let good = signer.token(&header, &claims());
    assert!(check(&good).is_ok());
    assert_eq!(check(&stranger.token(&header, &claims())), Err(IdTokenFault::Signature));
    assert_eq!(check(&signer.token(&json!({"alg": "ES256", "kid": "2"}), &claims())), Err(IdTokenFault::Signature));
    assert!(check(&signer.token(&json!({"alg": "ES256"}), &claims())).is_ok(), "a token need not name its key");
    for alg in ["none", "HS256", "ES256K", "RS1", ""] {
        assert_eq!(check(&signer.token(&json!({"alg": alg, "kid": "1"}), &claims())), Err(IdTokenFault::Algorithm));
    }
    let crit = json!({"alg": "ES256", "kid": "1", "crit": ["b64"], "b64": false});
    assert_eq!(check(&signer.token(&crit, &claims())), Err(IdTokenFault::Algorithm));
    // Of another family than the key.
    assert_eq!(check(&signer.token(&json!({"alg": "RS256", "kid": "1"}), &claims())), Err(IdTokenFault::Signature));
    let (signed, _) = good.rsplit_once('.').unwrap();
    for broken in ["", ".", "..", "a.b.c", signed, &format!("{signed}."), &"x".repeat(TOKEN_BYTES_MAX + 1)] {
        assert!(check(broken).is_err(), "{broken}");
    }
    let mut more = claims();
    more["email"] = json!("owner@acme.example");
    let (_, seal) = good.rsplit_once('.').unwrap();
    assert_eq!(check(&format!("{}.{}.{seal}", part(&header), part(&more))), Err(IdTokenFault::Signature));
}

#[test]
fn ed25519_signs_too() {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
    let keys = serde_json::from_value(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]})).unwrap();
    let signed = format!("{}.{}", part(&json!({"alg": "EdDSA"})), part(&claims()));
    let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(pair.sign(signed.as_bytes()).as_ref()));
    assert!(verify_id_token(&token, &keys, expected()).is_ok());
}

/// RFC 7515, appendix A.2: the signature holds, so what is refused is that its claims are no ID token's.
#[test]
fn rsa_as_the_rfc_has_it() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let keys = serde_json::from_value(json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB"}]})).unwrap();
    let signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let seal = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let check = |token: String| verify_id_token(&token, &keys, expected());
    assert_eq!(check(format!("{signed}.{seal}")), Err(IdTokenFault::Unreadable));
    let other = seal.replacen('c', "d", 1);
    assert_eq!(check(format!("{signed}.{other}")), Err(IdTokenFault::Signature));
}

/// RFC 7636, appendix B.
#[test]
fn pkce_as_the_rfc_has_it() {
    let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert_eq!(Pkce::new(&mut Seed::from_number(1)).verifier.len(), 43);
}
