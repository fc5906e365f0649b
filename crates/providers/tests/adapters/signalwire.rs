use operations::{NumberCapabilities, NumberProvider};
use providers::{SignalWire, SignalWireAccount};
use serde_json::{Value, json};

use crate::stub::{Stub, search};

const OWNED: &str = r#"{"id":"n-1","number":"+12125550123","name":"","capabilities":["voice","sms"]}"#;

fn signalwire(stub: &Stub) -> SignalWire {
    let account = SignalWireAccount {
        project_id: "project".to_owned(),
        api_token: "token".to_owned(),
        space_url: stub.address.clone(),
    };
    SignalWire::new(&account).unwrap()
}

#[tokio::test]
async fn numbers_are_searched_by_area_code_and_feature() {
    let found = r#"{"links":{},"data":[
        {"e164":"+12125550123","region":"NY","city":"New York","capabilities":{"voice":true,"sms":true,"mms":false,"fax":false}},
        {"e164":"+12125550124","region":"NY","capabilities":{"voice":false,"sms":true}}]}"#;
    let stub = Stub::new(&[(200, found)]).await;
    let offers = signalwire(&stub).search(&search()).await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(seen.line, "GET /api/relay/rest/phone_numbers/search?max_results=2&areacode=212");
    // RFC 7617: base64 of project:token.
    assert_eq!(seen.authorization, "Basic cHJvamVjdDp0b2tlbg==");
    assert_eq!(offers.len(), 1, "the other one has no voice");
    assert_eq!((offers[0].number.as_str(), offers[0].region.as_deref()), ("+12125550123", Some("NY")));
}

#[tokio::test]
async fn a_number_is_bought_named_and_given_back() {
    let stub = Stub::new(&[(201, OWNED), (200, OWNED), (204, ""), (404, "{}")]).await;
    let signalwire = signalwire(&stub);
    let held = signalwire.purchase(&"+12125550123".parse().unwrap(), "order-1").await.unwrap();
    assert_eq!(held.provider_id, "n-1");
    assert_eq!(held.capabilities, NumberCapabilities { voice: true, sms: true, mms: false, fax: false });
    signalwire.configure(&held, "Front desk").await.unwrap();
    signalwire.release(&held).await.unwrap();
    signalwire.release(&held).await.unwrap();
    let seen = stub.seen();
    let bodies: Vec<Value> = seen[..2].iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
    assert_eq!(bodies, [json!({"number": "+12125550123"}), json!({"name": "Front desk"})]);
    assert_eq!(seen[0].content_type, "application/json");
    let gone = "DELETE /api/relay/rest/phone_numbers/n-1";
    assert_eq!(
        stub.lines(),
        ["POST /api/relay/rest/phone_numbers", "PUT /api/relay/rest/phone_numbers/n-1", gone, gone]
    );
}

#[tokio::test]
async fn one_is_found_by_its_whole_number_and_all_page_by_page() {
    let similar = r#"{"data":[{"id":"n-0","number":"+121255501234","capabilities":[]}]}"#;
    let full: Vec<Value> =
        (0..100).map(|index| json!({"id": format!("n{index}"), "number": format!("+12125550{index:03}")})).collect();
    let full = json!({"data": full}).to_string();
    let stub = Stub::new(&[(200, similar), (200, &full), (200, &format!(r#"{{"data":[{OWNED}]}}"#))]).await;
    let signalwire = signalwire(&stub);
    assert_eq!(signalwire.find(&"+12125550123".parse().unwrap()).await.unwrap(), None);
    assert_eq!(signalwire.list().await.unwrap().len(), 101);
    assert_eq!(
        stub.lines(),
        [
            "GET /api/relay/rest/phone_numbers?filter_number=%2B12125550123&page_size=100",
            "GET /api/relay/rest/phone_numbers?page_number=0&page_size=100",
            "GET /api/relay/rest/phone_numbers?page_number=1&page_size=100"
        ]
    );
}
