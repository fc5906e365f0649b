//! `hopwhistle ... create`: one thing more, from `field=value` words.

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::client::Client;
use super::list::List;
use super::{ApiArguments, output};

/// Members that name something else, and the list it is in. There a code or a name does for an id.
const REFERENCES: [(&str, &str); 8] = [
    ("publisherId", "/api/v1/publishers"),
    ("buyerId", "/api/v1/buyers"),
    ("buyerIds", "/api/v1/buyers"),
    ("campaignId", "/api/v1/campaigns"),
    ("flowId", "/api/v1/flows"),
    ("carrierId", "/api/v1/carriers"),
    ("trunkId", "/api/v1/trunks"),
    ("callerIdPoolId", "/api/v1/caller-id-pools"),
];

/// Makes one.
#[derive(Debug, Args)]
pub struct CreateArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// What it is, as the API names it: name="Solar, west" for text, price:=12.5 or hours:='{...}' for JSON. Where an id is wanted,
    /// a code or a name does (publisherId=SKYLINE).
    #[arg(required = true, value_name = "FIELD=VALUE", value_parser = member)]
    members: Vec<(String, Value)>,
}

/// Makes an endpoint of a buyer.
#[derive(Debug, Args)]
pub struct EndpointArguments {
    /// The buyer's code, name or id.
    buyer: String,
    #[command(flatten)]
    create: CreateArguments,
}

impl EndpointArguments {
    pub fn api(&self) -> &ApiArguments {
        &self.create.api
    }
}

/// `name=text`, `name:=json`.
pub fn member(text: &str) -> anyhow::Result<(String, Value)> {
    let Some((name, value)) = text.split_once('=') else { bail!("write it as field=value") };
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).with_context(|| format!("{value:?} is not JSON"))?),
        None => (name, Value::String(value.to_owned())),
    };
    ensure!(!name.is_empty(), "write it as field=value");
    Ok((name.to_owned(), value))
}

/// Adds one to a list, and shows it.
pub async fn create(client: &Client, list: List, arguments: &CreateArguments) -> anyhow::Result<Value> {
    let body = object(client, &arguments.members).await?;
    let made = client.post(list.path, &body).await?;
    show(&arguments.api, &made)?;
    Ok(made)
}

/// Adds an endpoint to a buyer.
pub async fn endpoint(client: &Client, arguments: &EndpointArguments) -> anyhow::Result<()> {
    let buyer = id_of(client, List::BUYERS.path, &arguments.buyer).await?;
    let body = object(client, &arguments.create.members).await?;
    let made = client.post(&format!("{}/{buyer}/endpoints", List::BUYERS.path), &body).await?;
    show(&arguments.create.api, &made)
}

fn show(api: &ApiArguments, made: &Value) -> anyhow::Result<()> {
    if api.json {
        return output::line(&made.to_string());
    }
    let name = ["name", "number", "destination"].into_iter().find_map(|name| made[name].as_str());
    output::line(&format!("{}  {}", output::plain(name.unwrap_or("made")), output::cell(made, "id")))
}

/// A body of these members.
pub async fn object(client: &Client, members: &[(String, Value)]) -> anyhow::Result<Value> {
    let mut body = Map::new();
    for (name, value) in members {
        let list = REFERENCES.iter().find(|(member, _)| member == name).map(|(_, list)| *list);
        let value = match (list, value) {
            (Some(list), Value::String(text)) if name.ends_with("Ids") => {
                let mut ids = Vec::new();
                for one in text.split('|') {
                    ids.push(Value::String(id_of(client, list, one).await?));
                }
                Value::Array(ids)
            }
            (Some(list), Value::String(text)) => Value::String(id_of(client, list, text).await?),
            (_, value) => value.clone(),
        };
        body.insert(name.clone(), value);
    }
    Ok(Value::Object(body))
}

/// The id of what goes by this id, code, name or number.
pub async fn id_of(client: &Client, list: &str, known_by: &str) -> anyhow::Result<String> {
    if known_by.parse::<Uuid>().is_ok() {
        return Ok(known_by.to_owned());
    }
    let mut cursor: Option<String> = None;
    let mut found: Vec<String> = Vec::new();
    loop {
        let mut parameters = vec![("limit".to_owned(), "100".to_owned()), ("search".to_owned(), known_by.to_owned())];
        parameters.extend(cursor.take().map(|cursor| ("cursor".to_owned(), cursor)));
        let page = client.get(list, &parameters).await?;
        let is_meant = |row: &&Value| {
            ["code", "name", "key", "number", "slug"].iter().any(|member| row[*member].as_str() == Some(known_by))
        };
        let rows = page["data"].as_array().map_or(&[][..], Vec::as_slice);
        found.extend(rows.iter().filter(is_meant).filter_map(|row| row["id"].as_str()).map(str::to_owned));
        cursor = page["meta"]["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("nothing in {list} goes by {known_by:?}"),
        many => bail!("{} in {list} go by {known_by:?}; give the id of the one you mean", many.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_is_text_or_json() -> anyhow::Result<()> {
        assert_eq!(member("name=Solar, west")?, ("name".to_owned(), json!("Solar, west")));
        assert_eq!(member("number=+15551234567")?, ("number".to_owned(), json!("+15551234567")));
        assert_eq!(member("caps:={\"daily\":50}")?, ("caps".to_owned(), json!({"daily": 50})));
        assert_eq!(member("record:=true")?, ("record".to_owned(), json!(true)));
        for wrong in ["name", "=x", ":=1", "a:=x"] {
            assert!(member(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }
}
