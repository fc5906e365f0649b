//! What is asked about numbers, and what is made of the answers. The answers are those of the providers' documentation.

use operations::{LookupKind, LookupProvider, NumberFacts, ProviderError};
use providers::{Telnyx, TelnyxAccount, Twilio, TwilioAccount};

use crate::stub::Stub;

fn twilio(stub: &Stub) -> Twilio {
    let account = TwilioAccount {
        api_key: "SK01".to_owned(),
        api_secret: "secret".to_owned(),
        base_url: Some(stub.address.clone()),
    };
    Twilio::new(&account).unwrap()
}

fn telnyx(stub: &Stub) -> Telnyx {
    let account =
        TelnyxAccount { api_key: "KEY01".to_owned(), base_url: Some(stub.address.clone()), ..Default::default() };
    Telnyx::new(&account).unwrap()
}

async fn asked(provider: &dyn LookupProvider, kind: LookupKind) -> Result<NumberFacts, ProviderError> {
    provider.look_up(kind, &"+14159929960".parse().unwrap()).await
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn twilio_names_the_caller() {
    let named = r#"{"calling_country_code":"1","country_code":"US","phone_number":"+14159929960","valid":true,"validation_errors":[],
        "caller_name":{"caller_name":"Sergio Suarez","caller_type":"CONSUMER","error_code":null},"line_type_intelligence":null}"#;
    let unknown = r#"{"valid":true,"caller_name":{"caller_name":null,"caller_type":"UNDETERMINED","error_code":null}}"#;
    let abroad = r#"{"valid":true,"caller_name":null}"#;
    let stub = Stub::new(&[(200, named), (200, unknown), (200, abroad)]).await;
    let twilio = twilio(&stub);
    let facts = asked(&twilio, LookupKind::CallerName).await.unwrap();
    let expected =
        NumberFacts { caller_name: text("Sergio Suarez"), caller_type: text("CONSUMER"), ..Default::default() };
    assert_eq!(facts, expected);
    for _ in 0..2 {
        assert_eq!(asked(&twilio, LookupKind::CallerName).await.unwrap(), NumberFacts::default());
    }
    let seen = &stub.seen()[0];
    assert_eq!(seen.line, "GET /v2/PhoneNumbers/+14159929960?Fields=caller_name");
    // RFC 7617: base64 of SK01:secret.
    assert_eq!(seen.authorization, "Basic U0swMTpzZWNyZXQ=");
}

#[tokio::test]
async fn twilio_tells_the_network_and_neither_lata_nor_ocn() {
    let told = r#"{"valid":true,"caller_name":null,"line_type_intelligence":{"carrier_name":"Bandwidth/13 - Bandwidth.com - SVR",
        "error_code":null,"mobile_country_code":"313","mobile_network_code":"981","type":"nonFixedVoip"}}"#;
    let stub = Stub::new(&[(200, told)]).await;
    let facts = asked(&twilio(&stub), LookupKind::Carrier).await.unwrap();
    let expected = NumberFacts {
        carrier: text("Bandwidth/13 - Bandwidth.com - SVR"),
        line_type: text("nonFixedVoip"),
        mobile_country_code: text("313"),
        mobile_network_code: text("981"),
        ..Default::default()
    };
    assert_eq!(facts, expected);
    assert_eq!(stub.lines(), ["GET /v2/PhoneNumbers/+14159929960?Fields=line_type_intelligence"]);
}

#[tokio::test]
async fn what_twilio_cannot_tell_is_refused_not_unknown() {
    let canada = r#"{"valid":true,"line_type_intelligence":{"carrier_name":null,"error_code":60601,"type":null}}"#;
    let short = r#"{"valid":false,"validation_errors":["TOO_SHORT"],"line_type_intelligence":null}"#;
    let denied = r#"{"code":20003,"message":"Authenticate"}"#;
    let stub = Stub::new(&[(200, canada), (200, short), (401, denied), (429, "{}"), (200, "<html>")]).await;
    let twilio = twilio(&stub);
    for word in ["60601", "TOO_SHORT", "Authenticate"] {
        let Err(ProviderError::Refused(reason)) = asked(&twilio, LookupKind::Carrier).await else { panic!("{word}") };
        assert!(reason.contains(word) && !reason.contains("secret"), "{reason}");
    }
    for _ in 0..2 {
        assert!(matches!(asked(&twilio, LookupKind::Carrier).await, Err(ProviderError::Unavailable(_))));
    }
}

/// As in Telnyx's quick start, whose country code is none.
const TELNYX: &str = r#"{"data":{"caller_name":{"caller_name":"TELNYX LLC","error_code":"10001"},
    "carrier":{"error_code":null,"mobile_country_code":"US","mobile_network_code":866,"name":"Telnyx/4","type":"voip"},
    "country_code":"US","fraud":null,"national_format":"(0312) 945-7420","phone_number":"+13129457420",
    "portability":{"altspid":"073H","city":"WAUKEGAN","line_type":"voip","lrn":"2245701999","ocn":"073H",
    "ported_date":"2017-10-20","ported_status":"Y","spid":"073H","spid_carrier_name":"Telnyx/4","state":"ILLINOIS"},
    "record_type":"number_lookup"}}"#;

#[tokio::test]
async fn telnyx_names_the_caller_and_tells_the_company() {
    let nobody = r#"{"data":{"caller_name":{"caller_name":null,"error_code":"10002"}}}"#;
    let stub = Stub::new(&[(200, TELNYX), (200, TELNYX), (200, nobody)]).await;
    let telnyx = telnyx(&stub);
    let named = asked(&telnyx, LookupKind::CallerName).await.unwrap();
    assert_eq!(named, NumberFacts { caller_name: text("TELNYX LLC"), ..Default::default() });
    let expected = NumberFacts {
        carrier: text("Telnyx/4"),
        line_type: text("voip"),
        mobile_network_code: text("866"),
        ocn: text("073H"),
        ..Default::default()
    };
    assert_eq!(asked(&telnyx, LookupKind::Carrier).await.unwrap(), expected);
    assert!(matches!(asked(&telnyx, LookupKind::CallerName).await, Err(ProviderError::Refused(_))));
    let seen = stub.seen();
    assert_eq!(seen[0].line, "GET /v2/number_lookup/+14159929960?type=caller-name");
    assert_eq!(seen[1].line, "GET /v2/number_lookup/+14159929960?type=carrier");
    assert_eq!(seen[0].authorization, "Bearer KEY01");
}

#[tokio::test]
async fn without_an_account_nobody_is_asked() {
    let stub = Stub::new(&[]).await;
    let half = TwilioAccount { api_key: "SK01".to_owned(), ..Default::default() };
    let twilio = Twilio::new(&half).unwrap();
    assert!(!twilio.is_configured());
    assert!(asked(&twilio, LookupKind::CallerName).await.is_err() && stub.seen().is_empty());
    let shown = format!("{:?}", TwilioAccount { api_secret: "secret".to_owned(), ..Default::default() });
    assert!(!shown.contains("secret"), "{shown}");
}
