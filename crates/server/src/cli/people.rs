//! Tenants, their people and their keys, from the command line: what a new installation begins with.

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Credential};
use super::list::{List, ListArguments};
use super::make::{self, CreateArguments};
use super::{ApiArguments, Usage, output};

/// Where the password is read from by programs.
const PASSWORD_VARIABLE: &str = "HOPWHISTLE_PASSWORD";

/// `hopwhistle tenants`, for operators.
#[derive(Debug, Subcommand)]
pub enum TenantsCommand {
    /// List all tenants.
    List(ListArguments),
    /// Make a tenant (name=..., slug=...), and invite its owner.
    Create(CreateTenantArguments),
}

/// Makes a tenant.
#[derive(Debug, Args)]
pub struct CreateTenantArguments {
    #[command(flatten)]
    pub create: CreateArguments,
    /// Invite this address as its owner.
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
}

/// `hopwhistle users`.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List people.
    List(ListArguments),
    /// Invite somebody. Where the platform has no mail server, the link is shown once.
    Invite(InviteArguments),
}

/// Invites somebody.
#[derive(Debug, Args)]
pub struct InviteArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// Their address.
    email: String,
    /// owner, admin, analyst, publisher, buyer, readonly. May be given several times. Default: analyst.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

/// `hopwhistle keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List API keys.
    List(ListArguments),
    /// Make an API key. It is shown once.
    Create(CreateKeyArguments),
}

/// Makes a key, with another key or signing in for it.
#[derive(Debug, Args)]
pub struct CreateKeyArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// What it is for.
    name: String,
    /// What it may do: calls:read, numbers:*, admin:* for everything in the tenant, platform:admin for operators. Several times.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// Sign in as this person to make it; the password is asked for, or read from HOPWHISTLE_PASSWORD.
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// Their tenant's slug, where address and password fit several.
    #[arg(long, value_name = "SLUG", requires = "email")]
    tenant: Option<String>,
    /// The second factor's code.
    #[arg(long, value_name = "CODE", requires = "email")]
    code: Option<String>,
}

impl CreateKeyArguments {
    /// Whether somebody signs in for it, so that no key is needed.
    pub fn signs_in(&self) -> bool {
        self.email.is_some()
    }
}

/// `hopwhistle accept`.
#[derive(Debug, Args)]
pub struct AcceptArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// The link of the invitation, or of a password reset.
    link: String,
}

pub async fn create_tenant(client: &Client, arguments: &CreateTenantArguments) -> anyhow::Result<()> {
    let made = make::create(client, List::TENANTS, &arguments.create).await?;
    let Some(owner) = &arguments.owner else { return Ok(()) };
    let path = format!("{}/{}/owners", List::TENANTS.path, output::cell(&made, "id"));
    invited(&arguments.create.api, &client.post(&path, &json!({"email": owner})).await?)
}

pub async fn invite(client: &Client, arguments: &InviteArguments) -> anyhow::Result<()> {
    let body = json!({"email": arguments.email, "roles": arguments.roles});
    invited(&arguments.api, &client.post("/api/v1/users/invite", &body).await?)
}

fn invited(api: &ApiArguments, answer: &Value) -> anyhow::Result<()> {
    if api.json {
        return output::line(&answer.to_string());
    }
    let email = output::cell(answer, "user.email");
    match answer["invitation"]["link"].as_str() {
        Some(link) => output::line(&format!("{email}  {}", output::plain(link))),
        None => output::line(&format!("{email}  was sent the invitation by mail")),
    }
}

pub async fn create_key(client: &Client, arguments: &CreateKeyArguments) -> anyhow::Result<()> {
    let body = json!({"name": arguments.name, "scopes": arguments.scopes});
    let Some(email) = &arguments.email else {
        return key_made(&arguments.api, &client.post(List::KEYS.path, &body).await?);
    };
    let mut who = json!({"email": email, "password": password("Password: ")?});
    for (name, value) in [("tenant", &arguments.tenant), ("code", &arguments.code)] {
        if let Some(value) = value {
            who[name] = json!(value);
        }
    }
    let signed_in = client.post("/auth/login", &who).await?;
    let token = signed_in["token"].as_str().context("the answer holds no session")?;
    let client = client.as_one_with(Credential::Session(token.to_owned()));
    let made = client.post(List::KEYS.path, &body).await;
    // The session was for this only; one that cannot be ended now ends by itself.
    if let Err(error) = client.post("/auth/logout", &json!({})).await {
        eprintln!("hopwhistle: the session goes on until it expires: {error:#}");
    }
    key_made(&arguments.api, &made?)
}

fn key_made(api: &ApiArguments, made: &Value) -> anyhow::Result<()> {
    if api.json {
        return output::line(&made.to_string());
    }
    // The key alone, so that it can go into a variable.
    output::line(made["key"].as_str().context("the answer holds no key")?)?;
    eprintln!("It is not shown again. Give it to commands in HOPWHISTLE_API_KEY.");
    Ok(())
}

pub async fn accept(client: &Client, arguments: &AcceptArguments) -> anyhow::Result<()> {
    let token = arguments.link.rsplit(['/', '=', '#']).next().filter(|token| !token.is_empty());
    let Some(token) = token else { return Err(Usage("that is no link of an invitation".to_owned()).into()) };
    let password = password("New password (8 characters or more): ")?;
    client.post("/auth/links/redeem", &json!({"token": token, "password": password})).await?;
    output::line("The password is set; sign in with it")
}

/// From the variable, or typed without being shown.
fn password(prompt: &str) -> anyhow::Result<String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let typed = rpassword::prompt_password(prompt)
        .map_err(|_| Usage(format!("no terminal to ask for the password: set {PASSWORD_VARIABLE}")))?;
    ensure!(!typed.is_empty(), "no password was typed");
    Ok(typed)
}
