//! The local server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, Once},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use operations::{NumberCapabilities, NumberSearch};

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub line: String,
    pub authorization: String,
    pub content_type: String,
    pub body: String,
}

#[derive(Default)]
struct Shared {
    answers: VecDeque<(u16, String)>,
    seen: Vec<Seen>,
}

/// Answers each request with the next of the answers it was given.
#[derive(Clone)]
pub struct Stub {
    shared: Arc<Mutex<Shared>>,
    pub address: String,
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen {
        line: format!("{} {}", parts.method, parts.uri),
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let mut shared = shared.lock().unwrap();
    shared.seen.push(seen);
    let (status, text) = shared.answers.pop_front().unwrap_or((500, "no answer was prepared".to_owned()));
    (StatusCode::from_u16(status).unwrap(), Body::from(text)).into_response()
}

impl Stub {
    pub async fn new(answers: &[(u16, &str)]) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
        let shared = Arc::new(Mutex::new(Shared::default()));
        shared.lock().unwrap().answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, address }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

/// Two voice numbers in 212.
pub fn search() -> NumberSearch {
    NumberSearch {
        area_code: Some("212".to_owned()),
        country: "US".to_owned(),
        region: None,
        capabilities: NumberCapabilities::default(),
        limit: 2,
    }
}
