//! Somebody new, with nothing but the command line: a tenant, its owner, a colleague, a buyer, a campaign, numbers from a file, and a call that
//! is sold (docs/cli.md, "From nothing to a sold call").

use std::fs;
use std::path::Path;
use std::thread::sleep;

use anyhow::{Context as _, ensure};
use interop::command::run_with;
use interop::platform::Platform;
use interop::sipp::Sipp;

use crate::{SECOND, callers};

/// Whoever types.
struct Person<'p> {
    data: &'p Path,
    environment: Vec<(&'static str, String)>,
}

impl Person<'_> {
    fn types(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(run_with(self.data, &self.environment, arguments)?.ended(0).with_context(|| arguments.join(" "))?.out)
    }
}

impl<'p> Person<'p> {
    /// Who knows where this platform is, and `more`. Operators are named on its own machine.
    fn of(platform: &'p Platform, more: Vec<(&'static str, String)>) -> anyhow::Result<Self> {
        let data = platform.data().context("this platform was not started here")?;
        let here = platform.database_url().map(|url| ("DATABASE_URL", url));
        let api = ("HOPWHISTLE_API_URL", platform.demo.api_url.clone());
        Ok(Self { data, environment: here.into_iter().chain([api]).chain(more).collect() })
    }
}

/// Makes the demo's owner an operator of the platform, and a key of that name with which he is one.
pub fn operators_key(platform: &Platform, name: &str) -> anyhow::Result<String> {
    let demo = &platform.demo;
    let email = demo.email.as_deref().context("demo.json has no email")?;
    let password = demo.password.clone().context("demo.json has no password")?;
    let operator = Person::of(platform, vec![("HOPWHISTLE_PASSWORD", password)])?;
    operator.types(&["operator", "add", email])?;
    last_word(&operator.types(&["keys", "create", name, "--scope", "platform:admin", "--email", email])?)
}

/// The last word of a line: an id, a link, a key.
fn last_word(text: &str) -> anyhow::Result<String> {
    Ok(text.split_whitespace().next_back().context("nothing was printed")?.to_owned())
}

pub fn sells_a_call(platform: &mut Platform) -> anyhow::Result<()> {
    let person = |more| Person::of(platform, more);
    let operator = person(vec![("HOPWHISTLE_API_KEY", operators_key(platform, "ops")?)])?;
    let made = operator.types(&["tenants", "create", "name=Acme Leads", "slug=acme", "--owner", "ana@acme.example"])?;
    let link = last_word(&made)?;

    let ana = person(vec![("HOPWHISTLE_PASSWORD", "a long one of Ana's".to_owned())])?;
    ana.types(&["accept", &link])?;
    ensure!(run_with(ana.data, &ana.environment, &["accept", &link])?.code == Some(1), "a link is good once");
    let key = ana.types(&["keys", "create", "cli", "--scope", "admin:*", "--email", "ana@acme.example"])?;
    let ana = person(vec![("HOPWHISTLE_API_KEY", last_word(&key)?)])?;
    let invited = ana.types(&["users", "invite", "bob@acme.example", "--role", "analyst"])?;
    ensure!(invited.contains("/invitation#"), "{invited}");

    ana.types(&["publishers", "create", "code=SKY", "name=Sky Leads"])?;
    ana.types(&["buyers", "create", "code=ROOF", "name=Roof & Co", "publisherId=SKY"])?;
    // A phone of the demo's is this buyer's as well.
    let phone = platform.api.get("/api/v1/buyers?search=hazel")?;
    let phone = phone["data"][0]["id"].as_str().context("the demo has no hazel")?.to_owned();
    let endpoints = platform.api.get(&format!("/api/v1/buyers/{phone}/endpoints"))?;
    let destination = endpoints["data"][0]["destination"].as_str().context("hazel has no phone")?.to_owned();
    let (destination, terms) = (format!("destination={destination}"), r#"terms:={"revenue":"20.00","payout":"12.00"}"#);
    ana.types(&["buyers", "add-endpoint", "ROOF", "type=SIP", &destination, terms])?;
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/demo-direct.json");
    ana.types(&["flows", "publish", flow])?;
    let campaign =
        ["campaigns", "create", "name=Roofs", "publisherId=SKY", "flowId=Demo: straight to buyers", "buyerIds=ROOF"];
    let campaign = last_word(&ana.types(&campaign)?)?;
    ana.types(&["carriers", "create", "code=LOOP", "name=Loopback"])?;
    let networks = r#"sourceCidrs:=["127.0.0.0/8"]"#;
    ana.types(&[
        "trunks",
        "create",
        "name=Loopback",
        "carrierId=LOOP",
        "type=SIP",
        "host=127.0.0.1",
        "port:=5070",
        networks,
    ])?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("numbers.csv").display().to_string();
    fs::write(&file, format!("number,campaignId\n+12125559901,{campaign}\n+12125559902,{campaign}\n"))?;
    let imported = ana.types(&["numbers", "import", &file])?;
    ensure!(imported.starts_with("2 imported, 0 unchanged, 0 failed"), "{imported}");

    // Numbers and trunks are taken up within two seconds.
    sleep(SECOND * 3);
    let caller = callers(1);
    Sipp::one("caller_talks", "+12125559901", caller, SECOND * 2).call(platform.demo.sip_host())?;
    let search = ["calls", "list", "--json", "--search", &format!("+{caller}")];
    for _ in 0..20 {
        let listed = ana.types(&search)?;
        let call: serde_json::Value =
            listed.lines().next().map_or(Ok(serde_json::Value::Null), serde_json::from_str)?;
        if call["money"]["revenue"] == "20.0000" {
            ensure!(call["buyerName"] == "Roof & Co" && call["campaignName"] == "Roofs", "{call}");
            ensure!(call["money"]["payout"] == "12.0000", "{call}");
            return Ok(());
        }
        sleep(SECOND);
    }
    anyhow::bail!("the call was not sold: {}", ana.types(&search)?)
}
