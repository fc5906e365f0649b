//! `hopwhistle numbers cnam` and `carrier`.

use clap::Args;

use super::client::Client;
use super::{ApiArguments, output};

/// Asks about a number.
#[derive(Debug, Args)]
pub struct LookupArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// Whose: +12125550147.
    number: String,
    /// Who is asked: twilio, telnyx. Default: the installation's choice.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Ask again, though an answer is kept.
    #[arg(long)]
    fresh: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub enum Question {
    CallerName,
    Carrier,
}

type Facts = &'static [(&'static str, &'static str)];

const CALLER_NAME: Facts = &[("Number", "phoneNumber"), ("Caller name", "callerName"), ("Type", "callerType")];
const CARRIER: Facts = &[
    ("Number", "phoneNumber"),
    ("Carrier", "carrier"),
    ("Line", "lineType"),
    ("MCC", "mobileCountryCode"),
    ("MNC", "mobileNetworkCode"),
    ("LATA", "lata"),
    ("OCN", "ocn"),
];
const SOURCE: Facts = &[("Said by", "provider"), ("Said at", "lookedUpAt"), ("Kept until", "cachedUntil")];

pub async fn look_up(client: &Client, question: Question, arguments: &LookupArguments) -> anyhow::Result<()> {
    let (path, facts) = match question {
        Question::CallerName => ("/api/v1/admin/cnam/lookup", CALLER_NAME),
        Question::Carrier => ("/api/v1/admin/carrier/lookup", CARRIER),
    };
    let mut parameters = vec![("phoneNumber".to_owned(), arguments.number.clone())];
    parameters.extend(arguments.provider.iter().map(|name| ("provider".to_owned(), name.clone())));
    if arguments.fresh {
        parameters.push(("useCache".to_owned(), "false".to_owned()));
    }
    let known = client.get(path, &parameters).await?;
    if arguments.api.json {
        return output::line(&known.to_string());
    }
    let told =
        facts.iter().chain(SOURCE).map(|(title, member)| format!("{title:<11} {}", output::cell(&known, member)));
    output::line(&told.collect::<Vec<_>>().join("\n"))
}
