//! What leaves open whether a number was bought is told apart from a refusal.

use operations::{NumberProvider, ProviderError};
use providers::{Bandwidth, BandwidthAccount, SignalWire, SignalWireAccount, Telnyx, TelnyxAccount};

use crate::stub::Stub;

fn telnyx(address: &str) -> Telnyx {
    let account = TelnyxAccount {
        api_key: "secret-key".to_owned(),
        connection_id: String::new(),
        base_url: Some(address.to_owned()),
    };
    Telnyx::new(&account).unwrap()
}

#[tokio::test]
async fn a_refusal_is_final_and_anything_else_is_not() {
    let number = "+12125550123".parse().unwrap();
    for (status, body, is_final) in [
        (400, "{}", true),
        (401, "{}", true),
        (422, r#"{"errors":[{"detail":"not for sale"}]}"#, true),
        (404, "", true),
        (408, "", false),
        (429, "", false),
        (500, "", false),
        (503, "", false),
        // It said yes, but not in words we read: bought it may be.
        (200, "<html>", false),
    ] {
        let stub = Stub::new(&[(status, body)]).await;
        let error = telnyx(&stub.address).purchase(&number, "o").await.unwrap_err();
        assert_eq!(matches!(error, ProviderError::Refused(_)), is_final, "{status} {body}: {error}");
        assert!(!error.to_string().contains("secret-key"), "{error}");
    }
    let closed = telnyx("http://127.0.0.1:9").purchase(&number, "o").await.unwrap_err();
    assert!(matches!(closed, ProviderError::Unavailable(_)), "{closed}");
}

#[tokio::test]
async fn without_an_account_nobody_is_asked() {
    let _stub = Stub::new(&[]).await;
    let number = "+12125550123".parse().unwrap();
    let providers: [Box<dyn NumberProvider>; 3] = [
        Box::new(SignalWire::new(&SignalWireAccount::default()).unwrap()),
        Box::new(Telnyx::new(&TelnyxAccount::default()).unwrap()),
        Box::new(Bandwidth::new(&BandwidthAccount::default()).unwrap()),
    ];
    for provider in providers {
        assert!(!provider.is_configured() && provider.is_remote());
        assert!(matches!(provider.find(&number).await, Err(ProviderError::Refused(_))), "{}", provider.name());
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = [
        format!("{:?}", SignalWireAccount { api_token: "secret".to_owned(), ..Default::default() }),
        format!("{:?}", TelnyxAccount { api_key: "secret".to_owned(), ..Default::default() }),
        format!("{:?}", BandwidthAccount { password: "secret".to_owned(), ..Default::default() }),
    ];
    assert!(shown.iter().all(|text| !text.contains("secret")), "{shown:?}");
}
