//! `hopwhistle ... list`: a list of the API as a table or as JSON lines.

use clap::Args;
use serde_json::Value;

use super::client::{Client, parameter};
use super::{ApiArguments, output};

/// Rows of a page, as many as the API gives.
const PAGE_ROWS: u64 = 100;

/// A list, and which of its members are columns.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// `/api/v1/numbers`.
    pub path: &'static str,
    /// Title and member.
    columns: &'static [(&'static str, &'static str)],
}

impl List {
    pub const NUMBERS: Self = Self {
        path: "/api/v1/numbers",
        columns: &[
            ("NUMBER", "number"),
            ("STATUS", "status"),
            ("PROVIDER", "provider"),
            ("NAME", "friendlyName"),
            ("CAMPAIGN", "campaign.name"),
            ("ID", "id"),
        ],
    };
    pub const CAMPAIGNS: Self = Self {
        path: "/api/v1/campaigns",
        columns: &[
            ("NAME", "name"),
            ("STATUS", "status"),
            ("PUBLISHER", "publisher.name"),
            ("FLOW", "flow.name"),
            ("ID", "id"),
        ],
    };
    pub const BUYERS: Self = Self {
        path: "/api/v1/buyers",
        columns: &[
            ("CODE", "code"),
            ("NAME", "name"),
            ("STATUS", "status"),
            ("PUBLISHER", "publisher.name"),
            ("PRICE", "price.amount"),
            ("ID", "id"),
        ],
    };
    pub const PUBLISHERS: Self = Self {
        path: "/api/v1/publishers",
        columns: &[("CODE", "code"), ("NAME", "name"), ("STATUS", "status"), ("ID", "id")],
    };
    pub const LEADS: Self = Self {
        path: "/api/v1/leads",
        columns: &[
            ("NUMBER", "phoneNumber"),
            ("FIRST NAME", "firstName"),
            ("LAST NAME", "lastName"),
            ("STATUS", "status"),
            ("CAMPAIGN", "campaignName"),
            ("ID", "id"),
        ],
    };
    pub const FLOWS: Self =
        Self { path: "/api/v1/flows", columns: &[("NAME", "name"), ("PUBLISHED", "publishedVersion"), ("ID", "id")] };
    pub const CARRIERS: Self = Self {
        path: "/api/v1/carriers",
        columns: &[("CODE", "code"), ("NAME", "name"), ("STATUS", "status"), ("ID", "id")],
    };
    pub const TRUNKS: Self = Self {
        path: "/api/v1/trunks",
        columns: &[("NAME", "name"), ("HOST", "host"), ("PORT", "port"), ("STATUS", "status"), ("ID", "id")],
    };
    pub const TENANTS: Self = Self {
        path: "/admin/api/v1/tenants",
        columns: &[("SLUG", "slug"), ("NAME", "name"), ("STATUS", "status"), ("ID", "id")],
    };
    pub const USERS: Self = Self {
        path: "/api/v1/users",
        columns: &[("EMAIL", "email"), ("STATUS", "status"), ("ROLES", "roles"), ("ID", "id")],
    };
    pub const KEYS: Self = Self {
        path: "/api/v1/api-keys",
        columns: &[("NAME", "name"), ("PREFIX", "prefix"), ("STATUS", "status"), ("SCOPES", "scopes"), ("ID", "id")],
    };
    pub const CALLS: Self = Self {
        path: "/api/v1/calls",
        columns: &[
            ("STARTED", "startedAt"),
            ("STATUS", "status"),
            ("FROM", "fromNumber"),
            ("TO", "toNumber"),
            ("CAMPAIGN", "campaignName"),
            ("BUYER", "buyerName"),
            ("SECONDS", "duration"),
            ("REVENUE", "money.revenue"),
            ("ID", "id"),
        ],
    };
}

/// What a list is narrowed by.
#[derive(Debug, Args)]
pub struct Narrowing {
    /// Only those with this in their name or number.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those with this status.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Any parameter of the list in the API, as campaignId=... May be given several times.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = parameter)]
    filters: Vec<(String, String)>,
}

impl Narrowing {
    pub fn parameters(&self) -> Vec<(String, String)> {
        let named = [("search", &self.search), ("status", &self.status)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        named.chain(self.filters.iter().cloned()).collect()
    }
}

/// Lists what the key may see.
#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    #[command(flatten)]
    narrowing: Narrowing,
    /// Rows at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// All rows.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

pub async fn list(client: &Client, list: List, arguments: &ListArguments) -> anyhow::Result<bool> {
    let mut left = if arguments.all { u64::MAX } else { arguments.limit };
    let mut cursor: Option<String> = None;
    let mut rows = Vec::new();
    let (mut shown, mut total) = (0, 0);
    loop {
        let mut parameters = arguments.narrowing.parameters();
        parameters.push(("limit".to_owned(), left.min(PAGE_ROWS).to_string()));
        parameters.extend(cursor.take().map(|cursor| ("cursor".to_owned(), cursor)));
        let page = client.get(list.path, &parameters).await?;
        total = page["meta"]["total"].as_u64().unwrap_or(total);
        let found: &[Value] = page["data"].as_array().map_or(&[], Vec::as_slice);
        for row in found {
            if arguments.api.json {
                output::line(&row.to_string())?;
            } else {
                rows.push(list.columns.iter().map(|(_, member)| output::cell(row, member)).collect());
            }
        }
        shown += found.len() as u64;
        left = left.saturating_sub(found.len() as u64);
        cursor = page["meta"]["nextCursor"].as_str().map(str::to_owned);
        if left == 0 || cursor.is_none() {
            break;
        }
    }
    if !arguments.api.json {
        let titles: Vec<&str> = list.columns.iter().map(|(title, _)| *title).collect();
        output::line(&output::table(&titles, &rows))?;
    }
    if shown < total {
        eprintln!("{shown} of {total}; --limit and --all show more");
    }
    Ok(true)
}
