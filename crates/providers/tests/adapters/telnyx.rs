use domain::Micros;
use operations::{NumberCapabilities, NumberProvider, NumberSearch, ProviderError};
use providers::{Telnyx, TelnyxAccount};
use serde_json::{Value, json};

use crate::stub::{Stub, search};

const OWNED: &str = r#"{"id":"1293384261075731499","phone_number":"+12125550123","status":"active"}"#;

fn telnyx(stub: &Stub) -> Telnyx {
    let account = TelnyxAccount {
        api_key: "KEY01".to_owned(),
        connection_id: "346789098765567".to_owned(),
        base_url: Some(stub.address.clone()),
    };
    Telnyx::new(&account).unwrap()
}

fn listed(items: &str, pages: u32) -> String {
    format!(r#"{{"data":[{items}],"meta":{{"page_number":1,"total_pages":{pages}}}}}"#)
}

#[tokio::test]
async fn numbers_are_searched_with_what_they_cost() {
    let found = r#"{"data":[{"record_type":"available_phone_number","phone_number":"+12125550123",
        "cost_information":{"currency":"USD","monthly_cost":"1.50000","upfront_cost":"1.00000"},
        "features":[{"name":"voice"},{"name":"sms"}],
        "region_information":[{"region_type":"country_code","region_name":"US"},{"region_type":"state","region_name":"NY"}]}]}"#;
    let stub = Stub::new(&[(200, found)]).await;
    let capabilities = NumberCapabilities { voice: true, sms: true, mms: false, fax: false };
    let wanted = NumberSearch { region: Some("NY".to_owned()), capabilities, ..search() };
    let offers = telnyx(&stub).search(&wanted).await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(
        seen.line,
        "GET /v2/available_phone_numbers?filter%5Bcountry_code%5D=US&filter%5Blimit%5D=2\
         &filter%5Bnational_destination_code%5D=212&filter%5Badministrative_area%5D=NY\
         &filter%5Bfeatures%5D=voice&filter%5Bfeatures%5D=sms"
    );
    assert_eq!(seen.authorization, "Bearer KEY01");
    assert_eq!((offers[0].monthly_price, offers[0].region.as_deref()), (Some(Micros(1_500_000)), Some("NY")));
    assert_eq!(offers[0].capabilities, capabilities);
}

#[tokio::test]
async fn a_number_is_ordered_and_known_by_its_own_id() {
    let order = r#"{"data":{"id":"12ade33a","status":"success","phone_numbers":[{"id":"dc8e4d67","phone_number":"+12125550123"}]}}"#;
    let one = format!(r#"{{"data":{OWNED}}}"#);
    let stub = Stub::new(&[(200, order), (200, &listed(OWNED, 1)), (200, &one), (200, &one)]).await;
    let telnyx = telnyx(&stub);
    let held = telnyx.purchase(&"+12125550123".parse().unwrap(), "order-1").await.unwrap();
    assert_eq!(held.provider_id, "1293384261075731499", "the number's, not that of the order's line");
    telnyx.configure(&held, "Front desk").await.unwrap();
    telnyx.release(&held).await.unwrap();
    let seen = stub.seen();
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    let expected = json!({"phone_numbers": [{"phone_number": "+12125550123"}], "connection_id": "346789098765567",
        "customer_reference": "order-1"});
    assert_eq!(body, expected);
    assert_eq!(
        stub.lines(),
        [
            "POST /v2/number_orders",
            "GET /v2/phone_numbers?filter%5Bphone_number%5D=%2B12125550123",
            "PATCH /v2/phone_numbers/1293384261075731499",
            "DELETE /v2/phone_numbers/1293384261075731499"
        ]
    );
}

#[tokio::test]
async fn an_order_that_takes_its_time_is_not_a_number_yet() {
    let pending = r#"{"data":{"id":"o","status":"pending"}}"#;
    let failed = r#"{"data":{"id":"o","status":"failure"}}"#;
    let stub = Stub::new(&[(200, pending), (200, &listed("", 0)), (200, failed)]).await;
    let telnyx = telnyx(&stub);
    let number = "+12125550123".parse().unwrap();
    assert!(matches!(telnyx.purchase(&number, "o").await, Err(ProviderError::Unavailable(_))));
    assert!(matches!(telnyx.purchase(&number, "o").await, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn every_page_of_what_is_held_is_read() {
    let other = r#"{"id":"2","phone_number":"+12125550124"}"#;
    let stub = Stub::new(&[(200, &listed(OWNED, 2)), (200, &listed(other, 2))]).await;
    let held = telnyx(&stub).list().await.unwrap();
    assert_eq!(held.iter().map(|held| held.number.as_str()).collect::<Vec<_>>(), ["+12125550123", "+12125550124"]);
    assert_eq!(stub.lines()[1], "GET /v2/phone_numbers?page%5Bnumber%5D=2&page%5Bsize%5D=100");
}
