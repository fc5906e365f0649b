//! Identity providers (OpenID Connect): what the platform asks of them over HTTP.

use std::fmt;

use async_trait::async_trait;
use serde::Deserialize;

use crate::KeySet;

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ProviderMetadata {
    /// Itself.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Its public keys.
    pub jwks_uri: String,
    /// Claims that are not in the ID token.
    pub userinfo_endpoint: Option<String>,
    /// How clients prove who they are; `client_secret_basic` where it says nothing.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// How ID tokens are signed.
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// Flows.
    #[serde(default)]
    pub response_types_supported: Vec<String>,
    /// PKCE's methods; a provider that names none may still know S256.
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    /// Its answers name it (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// The platform as a provider knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderClient {
    /// Its name there.
    pub id: String,
    /// Its secret.
    pub secret: Option<String>,
}

impl fmt::Debug for ProviderClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderClient").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A code that came back with the browser.
#[derive(Clone, Copy, Debug)]
pub struct CodeToRedeem<'t> {
    /// It.
    pub code: &'t str,
    /// PKCE's secret.
    pub verifier: &'t str,
    /// As it was asked for with.
    pub redirect_uri: &'t str,
}

/// What a code is good for.
#[derive(Clone, Deserialize)]
pub struct ProviderTokens {
    /// Signed claims.
    pub id_token: Option<String>,
    /// For the user-info endpoint.
    pub access_token: Option<String>,
}

impl fmt::Debug for ProviderTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderTokens(..)")
    }
}

/// Why a provider was of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The address must not be asked.
    #[error("{0}")]
    Address(String),
    /// It does not answer.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// It answers what cannot be used.
    #[error("the provider's answer cannot be used: {0}")]
    Answer(String),
    /// It refuses (RFC 6749, section 5.2): the error's code, and what the provider says about it.
    #[error("the provider refuses: {error}{}", .description.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// `invalid_client`, `invalid_grant` ...
        error: String,
        /// In the provider's words.
        description: Option<String>,
    },
}

/// The way to providers. Nothing is redirected, every answer is bounded in size and time.
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// What the provider of this issuer says of itself. The answer names the same issuer.
    async fn discover(&self, issuer: &str) -> Result<ProviderMetadata, IdentityError>;
    /// Its keys.
    async fn keys(&self, provider: &ProviderMetadata) -> Result<KeySet, IdentityError>;
    /// Redeems a code.
    async fn redeem(
        &self,
        provider: &ProviderMetadata,
        client: &ProviderClient,
        code: CodeToRedeem<'_>,
    ) -> Result<ProviderTokens, IdentityError>;
    /// Claims of whom an access token is of, as JSON.
    async fn user_info(
        &self,
        provider: &ProviderMetadata,
        access_token: &str,
    ) -> Result<serde_json::Value, IdentityError>;
}
