use operations::{NumberProvider, ProviderError};
use providers::{Bandwidth, BandwidthAccount};

use crate::stub::{Stub, search};

const RECEIVED: &str = "<OrderResponse><Order><CustomerOrderId>order-1</CustomerOrderId><id>47955555</id></Order>\
    <OrderStatus>RECEIVED</OrderStatus></OrderResponse>";

fn bandwidth(stub: &Stub) -> Bandwidth {
    let account = BandwidthAccount {
        account_id: "9900000".to_owned(),
        username: "user".to_owned(),
        password: "pass".to_owned(),
        site_id: "743".to_owned(),
        base_url: Some(stub.address.clone()),
    };
    Bandwidth::new(&account).unwrap()
}

#[tokio::test]
async fn numbers_are_searched_by_area_code() {
    let found = "<?xml version=\"1.0\"?><SearchResult><ResultCount>2</ResultCount><TelephoneNumberList>\
        <TelephoneNumber>2125550123</TelephoneNumber><TelephoneNumber>2125550124</TelephoneNumber>\
        </TelephoneNumberList></SearchResult>";
    let stub = Stub::new(&[(200, found)]).await;
    let offers = bandwidth(&stub).search(&search()).await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(seen.line, "GET /api/accounts/9900000/availableNumbers?quantity=2&areaCode=212");
    assert_eq!(seen.authorization, "Basic dXNlcjpwYXNz");
    assert_eq!(offers.iter().map(|offer| offer.number.as_str()).collect::<Vec<_>>(), ["+12125550123", "+12125550124"]);
}

#[tokio::test]
async fn a_number_is_ordered_for_the_site_and_disconnected() {
    let stub = Stub::new(&[
        (201, RECEIVED),
        (200, ""),
        (200, ""),
        (201, "<DisconnectTelephoneNumberOrderResponse/>"),
        (404, ""),
    ])
    .await;
    let bandwidth = bandwidth(&stub);
    let held = bandwidth.purchase(&"+12125550123".parse().unwrap(), "order-1").await.unwrap();
    assert_eq!(held.provider_id, "2125550123");
    bandwidth.release(&held).await.unwrap();
    bandwidth.release(&held).await.unwrap();
    let seen = stub.seen();
    assert_eq!(seen[0].content_type, "application/xml");
    let order = "<Order><CustomerOrderId>order-1</CustomerOrderId><ExistingTelephoneNumberOrderType><TelephoneNumberList>\
        <TelephoneNumber>2125550123</TelephoneNumber></TelephoneNumberList></ExistingTelephoneNumberOrderType>\
        <SiteId>743</SiteId></Order>";
    assert!(seen[0].body.ends_with(order), "{}", seen[0].body);
    assert!(
        seen[3].body.contains("<DisconnectTelephoneNumberOrderType><TelephoneNumberList><TelephoneNumber>2125550123<")
    );
    assert_eq!(
        stub.lines(),
        [
            "POST /api/accounts/9900000/orders",
            "GET /api/accounts/9900000/inserviceNumbers/2125550123",
            "GET /api/accounts/9900000/inserviceNumbers/2125550123",
            "POST /api/accounts/9900000/disconnects",
            "GET /api/accounts/9900000/inserviceNumbers/2125550123"
        ]
    );
}

#[tokio::test]
async fn an_order_is_received_before_it_is_carried_out() {
    let refused = "<OrderResponse><ErrorList><Error><Code>5006</Code><Description>Telephone number could not be ordered\
        </Description></Error></ErrorList></OrderResponse>";
    let stub = Stub::new(&[(201, RECEIVED), (404, ""), (201, refused)]).await;
    let bandwidth = bandwidth(&stub);
    let number = "+12125550123".parse().unwrap();
    assert!(matches!(bandwidth.purchase(&number, "o").await, Err(ProviderError::Unavailable(_))));
    let Err(ProviderError::Refused(reason)) = bandwidth.purchase(&number, "o").await else { panic!("not refused") };
    assert!(reason.contains("could not be ordered"));
    let abroad = "+442071838750".parse().unwrap();
    assert!(matches!(bandwidth.purchase(&abroad, "o").await, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn what_is_in_service_is_listed() {
    let listed = "<TNs><TotalCount>1</TotalCount><TelephoneNumbers><Count>1</Count>\
        <TelephoneNumber>2125550123</TelephoneNumber></TelephoneNumbers></TNs>";
    let stub = Stub::new(&[(200, listed)]).await;
    let held = bandwidth(&stub).list().await.unwrap();
    assert_eq!((held.len(), held[0].number.as_str()), (1, "+12125550123"));
    assert_eq!(stub.lines(), ["GET /api/accounts/9900000/inserviceNumbers?page=1&size=100"]);
}
