//! Single sign-on: how a tenant sets its provider, and sign-ins at one that answers over HTTP and signs with a key of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use operations::{Role, TotpSecret, step_at};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::support::{Answer, Client, PASSWORD, Platform, START};

const CLIENT: &str = "hopwhistle";
const SECRET: &str = "of the client, & shared";

/// A provider on this machine.
struct Issuer {
    url: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// Claims a code stands for, and the challenge it was asked for with.
    codes: Mutex<HashMap<String, (Value, String)>>,
}

impl Issuer {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let issuer = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap(),
            random,
            codes: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// What the provider's pages would do: somebody signs in there, and comes back with a code.
    fn authorize(&self, url: &str, change: impl FnOnce(&mut Value)) -> (String, String) {
        let query: HashMap<String, String> =
            form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        assert_eq!((&*query["client_id"], &*query["response_type"]), (CLIENT, "code"));
        assert_eq!((&*query["code_challenge_method"], &*query["scope"]), ("S256", "openid email profile"));
        let now = START.micros() / 1_000_000;
        let mut claims = json!({
            "iss": self.url, "sub": "1", "aud": CLIENT, "nonce": query["nonce"], "iat": now, "exp": now + 300,
            "auth_time": now, "email": "ana@acme.example", "email_verified": true, "given_name": "Ana",
        });
        change(&mut claims);
        let code = format!("code-{}", query["state"]);
        self.codes.lock().unwrap().insert(code.clone(), (claims, query["code_challenge"].clone()));
        (query["state"].clone(), code)
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({"alg": "ES256", "kid": "1"})), part(claims));
        let seal = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(seal.as_ref()))
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.url);
    Json(json!({
        "issuer": issuer.url, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let (x, y) = issuer.pair.public_key().as_ref()[1..].split_at(32);
    let [x, y] = [x, y].map(|half| BASE64URL_NOPAD.encode(half));
    Json(json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "kid": "1", "x": x, "y": y}]}))
}

async fn token(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let expected = format!("Basic {}", BASE64.encode(format!("{CLIENT}:{encoded}").as_bytes()));
    if headers.get("authorization").is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
        return refused("invalid_client");
    }
    let Some((claims, challenge)) = issuer.codes.lock().unwrap().remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    if BASE64URL_NOPAD.encode(hash.as_ref()) != challenge {
        return refused("invalid_grant");
    }
    (StatusCode::OK, Json(json!({"id_token": issuer.sign(&claims), "access_token": "x", "token_type": "Bearer"})))
}

fn settings(issuer: &Issuer) -> Value {
    json!({"issuer": issuer.url, "clientId": CLIENT, "clientSecret": SECRET, "domains": ["Acme.example"], "enabled": true})
}

async fn set(platform: &Platform, issuer: &Issuer, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = settings(issuer);
    change(&mut body);
    platform.admin().await.put("/api/v1/single-sign-on", body).await.expect(200).json()
}

async fn start(platform: &Platform, body: Value) -> Value {
    platform.anonymous().post("/auth/sso/start", body).await.expect(200).json()
}

/// Signs in at the provider with these claims.
async fn sign_in(platform: &Platform, issuer: &Issuer, change: impl FnOnce(&mut Value)) -> Answer {
    let begun = start(platform, json!({"tenant": "acme"})).await;
    let (state, code) = issuer.authorize(begun["authorizationUrl"].as_str().unwrap(), change);
    finish(platform, json!({"state": state, "code": code, "browser": begun["browser"]})).await
}

async fn finish(platform: &Platform, body: Value) -> Answer {
    platform.anonymous().post("/auth/sso/finish", body).await
}

fn session<'p>(platform: &'p Platform, answer: &Answer) -> Client<'p> {
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    platform.anonymous().with("authorization", &format!("Bearer {token}"))
}

fn code_of(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_provider_is_set_by_owners_and_its_secret_never_shown() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    let admin = platform.admin().await;
    let empty = admin.get("/api/v1/single-sign-on").await.expect(200).json();
    assert_eq!(empty, json!({"redirectUri": "http://localhost:3000/sso", "provider": null}));
    admin.post("/api/v1/single-sign-on/test", json!({})).await.expect(404);
    admin.delete("/api/v1/single-sign-on").await.expect(404);

    // Whoever sets a provider signs in as whom they like: the right to change users is not enough.
    let users = platform.client(platform.tenant, &["users:*"]).await;
    users.put("/api/v1/single-sign-on", settings(&issuer)).await.expect(403);
    let set = admin.put("/api/v1/single-sign-on", settings(&issuer)).await.expect(200).json();
    let provider = &set["provider"];
    assert_eq!((&provider["hasClientSecret"], &provider["domains"]), (&json!(true), &json!(["acme.example"])));
    assert_eq!((&provider["newUsers"], &provider["passwordsAllowed"]), (&Value::Null, &json!(true)));
    users.post("/api/v1/single-sign-on/test", json!({})).await.expect(403);
    users.delete("/api/v1/single-sign-on").await.expect(403);
    assert_eq!(users.get("/api/v1/single-sign-on").await.expect(200).json(), set);
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    assert_eq!(stranger.get("/api/v1/single-sign-on").await.expect(200).json()["provider"], Value::Null);

    for (field, value) in [
        ("domains", json!([])),
        ("domains", json!(["acme"])),
        ("domains", json!(["@acme.example"])),
        ("newUsers", json!("owner")),
        ("newUsers", json!("buyer")),
        ("clientSecret", json!("")),
        ("issuer", json!("")),
    ] {
        let mut body = settings(&issuer);
        body[field] = value.clone();
        let answer = admin.put("/api/v1/single-sign-on", body).await.expect(422);
        assert!(answer.fields()[0].starts_with(field), "{field} {value}: {}", answer.text());
    }
    // The secret stays with a change that does not name it, and goes to no other provider.
    let mut body = settings(&issuer);
    body.as_object_mut().unwrap().remove("clientSecret");
    admin.put("/api/v1/single-sign-on", body.clone()).await.expect(200);
    let tested = admin.post("/api/v1/single-sign-on/test", json!({})).await.expect(200).json();
    assert_eq!(tested["ok"], true, "{tested}");
    body["issuer"] = json!("https://elsewhere.example");
    assert_eq!(admin.put("/api/v1/single-sign-on", body.clone()).await.expect(422).fields(), ["clientSecret"]);
    body["clientSecret"] = Value::Null;
    let moved = admin.put("/api/v1/single-sign-on", body).await.expect(200).json();
    assert_eq!(moved["provider"]["hasClientSecret"], false);

    let log = admin.get("/api/v1/audit-logs?limit=100").await.expect(200).text();
    assert!(log.contains("single_sign-on.update") && log.contains("single_sign-on.test"), "{log}");
    assert!(!log.contains(SECRET), "the log holds the secret");
    admin.delete("/api/v1/single-sign-on").await.expect(204);
    assert_eq!(admin.get("/api/v1/single-sign-on").await.expect(200).json(), empty);
}

#[tokio::test]
async fn the_test_says_what_stands_in_the_way() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    let admin = platform.admin().await;
    let message = async |change: &dyn Fn(&mut Value)| {
        set(&platform, &issuer, change).await;
        let tested = admin.post("/api/v1/single-sign-on/test", json!({})).await.expect(200).json();
        assert_eq!(tested["ok"], false, "{tested}");
        tested["checks"].as_array().unwrap().last().unwrap()["message"].as_str().unwrap().to_owned()
    };
    let wrong = message(&|body| body["clientSecret"] = json!("another")).await;
    assert!(wrong.contains("client secret"), "{wrong}");
    let slash = message(&|body| body["issuer"] = json!(format!("{}/", issuer.url))).await;
    assert!(slash.contains("calls itself"), "{slash}");
    let away = message(&|body| body["issuer"] = json!("http://127.0.0.1:1")).await;
    assert!(away.contains("cannot be reached"), "{away}");
    let plain = message(&|body| body["issuer"] = json!("http://id.acme.example")).await;
    assert!(plain.contains("https://"), "{plain}");
}

#[tokio::test]
async fn somebody_known_signs_in_and_is_linked() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    platform.user(platform.other, "ana@acme.example", Role::Owner).await;
    set(&platform, &issuer, |_| {}).await;
    let anonymous = platform.anonymous();
    let options =
        async |body: Value| anonymous.post("/auth/sso/options", body).await.expect(200).json()["options"].clone();
    let acme = json!([{"tenant": "acme", "name": "acme"}]);
    assert_eq!(options(json!({"email": "anybody@ACME.example"})).await, acme);
    assert_eq!(options(json!({"tenant": "acme"})).await, acme);
    assert_eq!(options(json!({"tenant": "globex", "email": "ana@acme.example"})).await, json!([]));
    assert_eq!(options(json!({"email": "ana@other.example"})).await, json!([]));
    let own_host = anonymous.with("host", "acme.example").post("/auth/sso/options", json!({})).await.expect(200);
    assert_eq!(own_host.json()["options"], acme);

    let answer = sign_in(&platform, &issuer, |_| {}).await.expect(200);
    assert!(answer.header("set-cookie").starts_with("sessionId="), "{}", answer.header("set-cookie"));
    let me = session(&platform, &answer).get("/auth/me").await.expect(200).json();
    assert_eq!((&me["id"], &me["signedInBy"]), (&json!(user.id), &json!("SINGLE_SIGN_ON")));
    // From now on the subject decides: another address is still Ana, another subject with her address is not.
    let renamed = sign_in(&platform, &issuer, |claims| claims["email"] = json!("ana.smith@acme.example")).await;
    assert_eq!(renamed.expect(200).json()["user"]["id"], json!(user.id));
    let other = sign_in(&platform, &issuer, |claims| claims["sub"] = json!("2")).await.expect(403);
    assert_eq!(code_of(&other), "LINKED_TO_ANOTHER");
    let admin = platform.admin().await;
    let link = format!("/api/v1/users/{}/single-sign-on", user.id);
    admin.delete(&link).await.expect(204);
    admin.delete(&link).await.expect(404);
    session(&platform, &answer).get("/auth/me").await.expect(401);
    sign_in(&platform, &issuer, |claims| claims["sub"] = json!("2")).await.expect(200);
    let log = admin.get("/api/v1/audit-logs?limit=100").await.expect(200).text();
    for action in ["auth.sso.success", "auth.sso.failed", "single_sign-on.link", "single_sign-on.unlink"] {
        assert!(log.contains(action), "{action}");
    }
}

#[tokio::test]
async fn who_is_refused_is_told_why() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    set(&platform, &issuer, |_| {}).await;
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 9] = [
        ("EMAIL_NOT_VERIFIED", |claims| claims["email_verified"] = json!(false)),
        ("EMAIL_NOT_VERIFIED", |claims| drop(claims.as_object_mut().unwrap().remove("email"))),
        ("DOMAIN_NOT_ALLOWED", |claims| claims["email"] = json!("ana@acme.example.evil.example")),
        ("USER_UNKNOWN", |claims| claims["email"] = json!("bo@acme.example")),
        ("PROVIDER_ANSWER_WRONG", |claims| claims["nonce"] = json!("another")),
        ("PROVIDER_ANSWER_WRONG", |claims| claims["aud"] = json!("another")),
        ("PROVIDER_ANSWER_WRONG", |claims| claims["iss"] = json!("https://elsewhere.example")),
        ("PROVIDER_ANSWER_WRONG", |claims| claims["exp"] = json!(1)),
        ("PROVIDER_ANSWER_WRONG", |claims| claims["azp"] = json!("another")),
    ];
    for (code, change) in cases {
        let answer = sign_in(&platform, &issuer, change).await.expect(403);
        assert_eq!(code_of(&answer), code, "{}", answer.text());
    }
    let begun = start(&platform, json!({"tenant": "acme"})).await;
    let (state, code) = issuer.authorize(begun["authorizationUrl"].as_str().unwrap(), |_| {});
    let denied = json!({"state": state, "browser": begun["browser"], "error": "access_denied"});
    assert_eq!(code_of(&finish(&platform, denied).await.expect(403)), "PROVIDER_REFUSED");
    // Whatever came of it, a state is good once.
    let again = json!({"state": state, "browser": begun["browser"], "code": code});
    assert_eq!(code_of(&finish(&platform, again).await.expect(401)), "SIGN_IN_OVER");
    for (field, value) in [("browser", "another"), ("state", "another"), ("iss", "https://elsewhere.example")] {
        let begun = start(&platform, json!({"tenant": "acme"})).await;
        let (state, code) = issuer.authorize(begun["authorizationUrl"].as_str().unwrap(), |_| {});
        let mut body = json!({"state": state, "browser": begun["browser"], "code": code});
        body[field] = json!(value);
        let status = finish(&platform, body).await.status.as_u16();
        assert_eq!(status, if field == "iss" { 403 } else { 401 }, "{field}");
    }
    let begun = start(&platform, json!({"tenant": "acme"})).await;
    let (state, code) = issuer.authorize(begun["authorizationUrl"].as_str().unwrap(), |_| {});
    platform.clock.advance(Duration::from_mins(10));
    let late = json!({"state": state, "browser": begun["browser"], "code": code});
    assert_eq!(code_of(&finish(&platform, late).await.expect(401)), "SIGN_IN_OVER");
    // One of two who come back with the same answer gets in.
    let begun = start(&platform, json!({"tenant": "acme"})).await;
    let url = begun["authorizationUrl"].as_str().unwrap();
    let (state, code) = issuer.authorize(url, |claims| claims["exp"] = json!(START.micros() / 1_000_000 + 900));
    let body = json!({"state": state, "browser": begun["browser"], "code": code});
    let both = tokio::join!(finish(&platform, body.clone()), finish(&platform, body));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    set(&platform, &issuer, |body| body["enabled"] = json!(false)).await;
    platform.anonymous().post("/auth/sso/start", json!({"tenant": "acme"})).await.expect(404);
    platform.anonymous().post("/auth/sso/start", json!({"tenant": "nobody"})).await.expect(404);
}

#[tokio::test]
async fn the_new_and_the_invited_come_in_and_operators_do_not() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    let admin = platform.admin().await;
    set(&platform, &issuer, |body| body["newUsers"] = json!("readonly")).await;
    let made = sign_in(&platform, &issuer, |_| {}).await.expect(200).json();
    assert_eq!((&made["user"]["roles"], &made["user"]["firstName"]), (&json!(["READONLY"]), &json!("Ana")));
    let invitation = json!({"email": "bo@acme.example", "roles": ["analyst"]});
    let invited = admin.post("/api/v1/users/invite", invitation).await.expect(201).json();
    let bo = |claims: &mut Value| {
        claims["sub"] = json!("bo");
        claims["email"] = json!("Bo@acme.example");
    };
    let came = sign_in(&platform, &issuer, bo).await.expect(200);
    assert_eq!(came.json()["user"]["id"], invited["user"]["id"]);
    // Shut out by hand means shut out.
    let path = format!("/api/v1/users/{}", invited["user"]["id"].as_str().unwrap());
    admin.patch(&path, json!({"status": "INACTIVE"})).await.expect(200);
    session(&platform, &came).get("/auth/me").await.expect(401);
    assert_eq!(code_of(&sign_in(&platform, &issuer, bo).await.expect(403)), "ACCOUNT_NOT_ACTIVE");
    // An operator stands above the tenant whose provider this is.
    platform.client(platform.tenant, &["platform:admin"]).await;
    let operator = |claims: &mut Value| {
        claims["sub"] = json!("operator");
        claims["email"] = json!("operator@acme.example");
    };
    assert_eq!(code_of(&sign_in(&platform, &issuer, operator).await.expect(403)), "PASSWORD_REQUIRED");
}

#[tokio::test]
async fn sessions_end_with_the_provider_and_passwords_where_the_tenant_wants_none() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    platform.user(platform.tenant, "owner@acme.example", Role::Owner).await;
    let by_password = async |email: &str| {
        platform.anonymous().post("/auth/login", json!({"email": email, "password": PASSWORD})).await
    };
    let both = set(&platform, &issuer, |_| {}).await;
    assert_eq!(both["provider"]["passwordsAllowed"], true);
    let typed = session(&platform, &by_password("ana@acme.example").await.expect(200));
    let vouched = session(&platform, &sign_in(&platform, &issuer, |_| {}).await.expect(200));
    set(&platform, &issuer, |body| body["passwordsAllowed"] = json!(false)).await;
    assert_eq!(code_of(&by_password("ana@acme.example").await.expect(403)), "SINGLE_SIGN_ON_REQUIRED");
    by_password("owner@acme.example").await.expect(200);
    vouched.get("/auth/me").await.expect(200);
    // A proof at the provider is good for a quarter of an hour, as a password is; then it is asked for anew.
    set(&platform, &issuer, |body| body["enabled"] = json!(false)).await;
    vouched.get("/auth/me").await.expect(401);
    typed.get("/auth/me").await.expect(200);
    by_password("ana@acme.example").await.expect(200);
}

#[tokio::test]
async fn a_proof_at_the_provider_is_as_old_as_the_provider_says() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Owner).await;
    set(&platform, &issuer, |_| {}).await;
    let invite = json!({"email": "bo@acme.example"});
    let now = START.micros() / 1_000_000;
    for (auth_time, status) in [(json!(now), 201), (json!(now - 900), 403), (Value::Null, 403)] {
        let answer = sign_in(&platform, &issuer, |claims| claims["auth_time"] = auth_time).await.expect(200);
        let invited = session(&platform, &answer).post("/api/v1/users/invite", invite.clone()).await.expect(status);
        assert!(status == 201 || code_of(&invited) == "STEP_UP_REQUIRED");
    }
    let begun = start(&platform, json!({"tenant": "acme", "fresh": true})).await;
    let url = begun["authorizationUrl"].as_str().unwrap();
    assert!(url.contains("prompt=login&max_age=0"), "{url}");
    let (state, code) = issuer.authorize(url, |claims| claims["auth_time"] = json!(now - 900));
    let old = finish(&platform, json!({"state": state, "code": code, "browser": begun["browser"]})).await.expect(403);
    assert_eq!(code_of(&old), "PROOF_TOO_OLD");
}

#[tokio::test]
async fn a_tenant_may_ask_for_its_own_second_factor_too() {
    let platform = Platform::new().await;
    let issuer = Issuer::start().await;
    platform.user(platform.tenant, "ana@acme.example", Role::Analyst).await;
    set(&platform, &issuer, |_| {}).await;
    let login = json!({"email": "ana@acme.example", "password": PASSWORD});
    let ana = session(&platform, &platform.anonymous().post("/auth/login", login).await.expect(200));
    let proof = json!({"password": PASSWORD});
    let secret = ana.post("/auth/second-factor/setup", proof).await.expect(200).json()["secret"].clone();
    let secret = TotpSecret::from_base32(secret.as_str().unwrap()).unwrap();
    let code = |platform: &Platform| secret.code(step_at(platform.now()));
    ana.post("/auth/second-factor/confirm", json!({"code": code(&platform)})).await.expect(200);
    sign_in(&platform, &issuer, |_| {}).await.expect(200);

    set(&platform, &issuer, |body| body["secondFactor"] = json!(true)).await;
    let begun = start(&platform, json!({"tenant": "acme"})).await;
    let (state, provider_code) = issuer.authorize(begun["authorizationUrl"].as_str().unwrap(), |_| {});
    let first = json!({"state": state, "browser": begun["browser"], "code": provider_code});
    assert_eq!(code_of(&finish(&platform, first).await.expect(401)), "SECOND_FACTOR_REQUIRED");
    let with = |code: &str| json!({"state": state, "browser": begun["browser"], "secondFactorCode": code});
    assert_eq!(code_of(&finish(&platform, with("000000")).await.expect(401)), "SECOND_FACTOR_WRONG");
    platform.clock.advance(Duration::from_secs(60));
    let body = with(&code(&platform));
    finish(&platform, body.clone()).await.expect(200);
    assert_eq!(code_of(&finish(&platform, body).await.expect(401)), "SIGN_IN_OVER");
}
