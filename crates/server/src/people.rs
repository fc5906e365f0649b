//! `hopwhistle operator ...`: who stands above tenants. It is said on the machine, not over HTTP: no role of a tenant and no key
//! reaches this far (docs/adr/0136).

use anyhow::Context as _;
use clap::Subcommand;
use operations::{Directory, PAGE_LIMIT_MAX, PageRequest, TenantFilter, TenantScope, User};
use store::{Store, StoreConfig};

use crate::clock::Clock;
use crate::config::Config;
use crate::secrets;

/// What is done about operators.
#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Makes a user an operator of the platform: they manage all tenants.
    Add {
        /// The user's e-mail address.
        email: String,
        /// Slug of their tenant, where the address is known to several.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Makes an operator a mere user again.
    Remove {
        /// The user's e-mail address.
        email: String,
        /// Slug of their tenant, where the address is known to several.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Lists the operators.
    List,
}

/// What is done about the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Checks the chains: every tenant's, or one's. Fails when one does not hold.
    Verify {
        /// Slug of the tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// As [`run`], for the audit log.
pub fn audit(config: &Config, command: &AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Verify { tenant } = command;
    with_directory(config, async |directory, _| verify(directory, tenant.as_deref()).await)
}

async fn verify(directory: &Directory, slug: Option<&str>) -> anyhow::Result<()> {
    let mut broken = 0;
    let mut page = PageRequest::number(1, PAGE_LIMIT_MAX);
    loop {
        let found = directory.tenants.list_tenants(&TenantFilter::default(), &page).await?;
        for tenant in found.items.iter().filter(|tenant| slug.is_none_or(|slug| slug == tenant.slug)) {
            let check = directory.audit.verify_audit(TenantScope::of(tenant.id)).await?;
            let head = check.head.as_deref().unwrap_or("-");
            match check.broken {
                None => println!("{}\tholds\t{} entries\t{head}", tenant.slug, check.entries),
                Some(place) => {
                    broken += 1;
                    println!("{}\tBROKEN at {}\t{}", tenant.slug, place.sequence, place.reason);
                }
            }
        }
        match found.next {
            Some(cursor) => page = PageRequest::after(cursor, PAGE_LIMIT_MAX),
            None => break,
        }
    }
    anyhow::ensure!(broken == 0, "{broken} audit logs were tampered with");
    Ok(())
}

/// Opens the database, which a running platform may use at the same time, and does it.
pub fn run(config: &Config, command: &OperatorCommand) -> anyhow::Result<()> {
    with_directory(config, async |directory, clock| operator(directory, command, clock).await)
}

fn with_directory(
    config: &Config,
    run: impl AsyncFnOnce(&Directory, Clock) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock = Clock::start();
        std::fs::create_dir_all(&config.data).with_context(|| format!("{}", config.data.display()))?;
        let store_config = StoreConfig::new(config.database_url(), secrets::entropy()?);
        let opened = Store::open(&store_config, clock.now()).await;
        let (store, writer) = opened.with_context(|| format!("database {}", config.database_shown()))?;
        let done = run(&store.directory(), clock).await;
        drop(store);
        writer.finished().await;
        done
    })
}

async fn operator(directory: &Directory, command: &OperatorCommand, clock: Clock) -> anyhow::Result<()> {
    let accounts = &directory.accounts;
    match command {
        OperatorCommand::Add { email, tenant } => {
            let user = find(directory, email, tenant.as_deref()).await?;
            anyhow::ensure!(
                user.side().is_whole(),
                "{} sees one side of a tenant only and cannot stand above all of them",
                user.email
            );
            accounts.add_operator(TenantScope::of(user.tenant), user.id, clock.now()).await?;
            println!("{} is an operator of the platform", user.email);
        }
        OperatorCommand::Remove { email, tenant } => {
            let user = find(directory, email, tenant.as_deref()).await?;
            anyhow::ensure!(accounts.remove_operator(user.id).await?, "{} is no operator", user.email);
            println!("{} is no operator any more", user.email);
        }
        OperatorCommand::List => {
            for user in accounts.operators().await? {
                let tenant = directory.tenants.find_tenant(user.tenant).await?;
                println!("{}\t{}", user.email, tenant.map(|tenant| tenant.slug).unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// The one user with this address.
async fn find(directory: &Directory, email: &str, slug: Option<&str>) -> anyhow::Result<User> {
    let mut users = directory.sign_in.users_by_email(&email.trim().to_lowercase()).await?;
    if let Some(slug) = slug {
        let tenant = directory.tenants.find_tenant_by_slug(slug).await?;
        let tenant = tenant.with_context(|| format!("no tenant has the slug {slug}"))?;
        users.retain(|user| user.tenant == tenant.id);
    }
    match users.len() {
        1 => users.pop().context("nobody"),
        0 => anyhow::bail!("no user has the address {email}; add one first"),
        count => anyhow::bail!("{count} tenants have a user {email}; name one with --tenant SLUG"),
    }
}
