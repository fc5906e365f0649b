//! Tenants' identity providers (OpenID Connect). Whoever sets one names an address the platform then asks: nothing but https, nothing in
//! private networks unless the installation allows it, nothing redirected, and answers bounded in size and time.

use std::time::Duration;

use async_trait::async_trait;
use operations::{
    CodeToRedeem, IdentityError, IdentityProviders, KeySet, ProviderClient, ProviderMetadata, ProviderTokens,
};
use reqwest::{
    Client, RequestBuilder, Url,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use crate::guard::{Guard, cause, short};

/// Longest a request may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Largest answer read, bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Requests at once: strangers begin sign-ins too.
const AT_ONCE_MAX: usize = 32;

/// Asks them.
#[derive(Debug)]
pub struct Identity {
    client: Client,
    guard: Guard,
    room: Semaphore,
}

impl Identity {
    /// `allows_private`: providers in private networks too, and http on this machine's own address.
    pub fn new(allows_private: bool) -> Result<Self, IdentityError> {
        let guard = Guard { allows_private, setting: "SSO_ALLOW_PRIVATE" };
        let client = guard.client(ANSWER_MAX).map_err(|error| IdentityError::Address(error.to_string()))?;
        Ok(Self { client, guard, room: Semaphore::new(AT_ONCE_MAX) })
    }

    /// The address, if it may be asked.
    fn url(&self, text: &str) -> Result<Url, IdentityError> {
        self.guard.url(text).map_err(|why| IdentityError::Address(format!("{text}: {why}")))
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, IdentityError> {
        let _room = self
            .room
            .try_acquire()
            .map_err(|_| IdentityError::Unreachable("too many sign-ins at once; try again".to_owned()))?;
        // The address is left out: it is in the settings already, and a query may hold secrets.
        let away = |error: reqwest::Error| IdentityError::Unreachable(cause(&error.without_url()));
        let mut response = request.header(ACCEPT, "application/json").send().await.map_err(away)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(IdentityError::Answer("it is larger than is read".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(match serde_json::from_slice::<OAuthError>(&body) {
                Ok(OAuthError { error, error_description }) if status.is_client_error() => IdentityError::Refused {
                    error: short(&error),
                    description: error_description.as_deref().map(short),
                },
                _ => IdentityError::Answer(format!("its status is {status}")),
            });
        }
        serde_json::from_slice(&body).map_err(|error| IdentityError::Answer(error.to_string()))
    }
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct OAuthError {
    error: String,
    error_description: Option<String>,
}

#[async_trait]
impl IdentityProviders for Identity {
    async fn discover(&self, issuer: &str) -> Result<ProviderMetadata, IdentityError> {
        let base = self.url(issuer)?;
        if base.query().is_some() {
            return Err(IdentityError::Address(format!("{issuer}: an issuer has no query")));
        }
        let url = self.url(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let found: ProviderMetadata = self.ask(self.client.get(url)).await?;
        // Section 4.3: else whoever serves this address could speak for another provider.
        if found.issuer != issuer {
            let why = format!("it calls itself {}; that, to the letter, is the issuer to set", short(&found.issuer));
            return Err(IdentityError::Answer(why));
        }
        for address in [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri] {
            self.url(address)?;
        }
        Ok(found)
    }

    async fn keys(&self, provider: &ProviderMetadata) -> Result<KeySet, IdentityError> {
        self.ask(self.client.get(self.url(&provider.jwks_uri)?)).await
    }

    async fn redeem(
        &self,
        provider: &ProviderMetadata,
        client: &ProviderClient,
        code: CodeToRedeem<'_>,
    ) -> Result<ProviderTokens, IdentityError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect_uri),
            ("code_verifier", code.verifier),
        ];
        let mut request = self.client.post(self.url(&provider.token_endpoint)?);
        let known = &provider.token_endpoint_auth_methods_supported;
        let takes = |method: &str| known.iter().any(|known| known == method);
        match &client.secret {
            None => form.push(("client_id", &client.id)),
            Some(secret) if known.is_empty() || takes("client_secret_basic") => {
                // RFC 6749, section 2.3.1: encoded as in a form before they are encoded once more.
                let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encoded(&client.id), Some(encoded(secret)));
            }
            Some(secret) if takes("client_secret_post") => {
                form.extend([("client_id", client.id.as_str()), ("client_secret", secret)]);
            }
            Some(_) => {
                let why = "it takes a client secret neither by client_secret_basic nor by client_secret_post";
                return Err(IdentityError::Answer(why.to_owned()));
            }
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await
    }

    async fn user_info(
        &self,
        provider: &ProviderMetadata,
        access_token: &str,
    ) -> Result<serde_json::Value, IdentityError> {
        let Some(address) = &provider.userinfo_endpoint else {
            return Err(IdentityError::Answer("it names no user-info endpoint".to_owned()));
        };
        self.ask(self.client.get(self.url(address)?).bearer_auth(access_token)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(allows_private: bool) -> Identity {
        // A second one in the same process is refused, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Identity::new(allows_private).unwrap()
    }

    #[test]
    fn only_public_https_addresses_are_asked() {
        let public = identity(false);
        assert!(public.url("https://id.acme.example/realms/a").is_ok());
        for refused in [
            "http://id.acme.example",
            "ftp://id.acme.example",
            "file:///etc/passwd",
            "id.acme.example",
            "",
            "https://",
            "https://user@id.acme.example",
            "https://id.acme.example/#x",
            "https://localhost",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://169.254.169.254/latest",
            "https://[::1]",
            "https://[fd00::1]",
            "https://[::ffff:192.168.0.1]",
            "https://2130706433",
            "http://127.0.0.1:3900",
        ] {
            assert!(public.url(refused).is_err(), "{refused}");
        }
        let private = identity(true);
        for allowed in ["https://10.1.2.3", "http://127.0.0.1:3900", "http://localhost:3900", "http://[::1]:1"] {
            assert!(private.url(allowed).is_ok(), "{allowed}");
        }
        for refused in ["http://10.1.2.3", "http://id.acme.example", "http://127.0.0.1.acme.example"] {
            assert!(private.url(refused).is_err(), "{refused}");
        }
    }
}
