//! Mails to people: what they say, and the link in them.

use std::time::Duration;

use domain::Timestamp;
use operations::{AccountLink, LinkPurpose, Tenant, User, new_token, one_line};

use crate::{
    convert::from_store,
    ports::Mail,
    problem::{ApiError, ApiResult},
    state::State,
};

/// How long an invitation is good.
const INVITATION_LIFETIME: Duration = Duration::from_hours(7 * 24);
/// How long a reset is good.
const RESET_LIFETIME: Duration = Duration::from_hours(1);

/// A link that was made.
#[derive(Debug)]
pub struct Handed {
    /// Until when it is good.
    pub expires: Timestamp,
    /// For whoever asked, where no mail could be sent: to be shown once and handed over by hand.
    pub link: Option<String>,
}

/// Makes a link in place of earlier ones and mails it, or hands it back where this installation sends no mail.
pub async fn hand_link(state: &State, user: &User, tenant: &Tenant, purpose: LinkPurpose) -> ApiResult<Handed> {
    let (page, lifetime) = match purpose {
        LinkPurpose::Invitation => ("invitation", INVITATION_LIFETIME),
        LinkPurpose::PasswordReset => ("reset-password", RESET_LIFETIME),
    };
    let now = state.now();
    let token = new_token("", &mut state.fork_seed());
    let expires = now.after(lifetime);
    let link = AccountLink {
        token_hash: token.hash,
        tenant: user.tenant,
        user: user.id,
        purpose,
        created_at: now,
        expires_at: expires,
    };
    state.directory().aids.insert_link(&link).await.map_err(from_store)?;
    // Behind `#`: a browser sends that part to no server and in no Referer.
    let url = format!("{}/{page}#{}", state.config().web_url, token.token);
    let Some(mailer) = state.mailer() else { return Ok(Handed { expires, link: Some(url) }) };
    mailer.send(mail(user, tenant, purpose, &url)).await.map_err(|error| {
        tracing::error!(%error, user = %user.id, "mail could not be sent");
        ApiError::unavailable("The mail could not be sent; check the SMTP settings and try again")
    })?;
    Ok(Handed { expires, link: None })
}

fn mail(user: &User, tenant: &Tenant, purpose: LinkPurpose, url: &str) -> Mail {
    let name = user.first_name.as_deref().map_or_else(String::new, |name| format!(" {}", one_line(name)));
    let tenant = one_line(&tenant.name);
    let (subject, text) = match purpose {
        LinkPurpose::Invitation => (
            format!("You are invited to {tenant}"),
            format!("you have been invited to {tenant} on Hopwhistle. Choose a password here, within seven days:"),
        ),
        LinkPurpose::PasswordReset => (
            format!("Your password at {tenant}"),
            format!("somebody, probably you, asked to choose a new password at {tenant}. Do so here, within an hour:"),
        ),
    };
    let end = "If you did not expect this mail, there is nothing to do: without the link nothing changes.";
    Mail { to: user.email.clone(), subject, text: format!("Hello{name},\n\n{text}\n\n{url}\n\n{end}\n") }
}
