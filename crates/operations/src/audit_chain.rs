//! The hash that chains the audit log: SHA-256 over a canonical form of the entry and the hash before it (docs/adr/0137).

use sha2::{Digest, Sha256};

use crate::{AuditEntry, credentials::hex};

/// What the first entry of a chain names as the one before.
pub const AUDIT_ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Names the canonical form; another form would get another name.
const FORM: &str = "hopwhistle-audit-1";

/// The hash of an entry at its place. `changes` is the text as stored: JSON has many texts for one value, so the text is what is
/// protected. Each part goes in behind its length, an absent one as such, so that no two entries have one form.
pub fn audit_hash(entry: &AuditEntry, changes: &str, sequence: u64, previous: &str) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: Option<&str>| match text {
        Some(text) => {
            hash.update([1]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        None => hash.update([0]),
    };
    let (user, key) = (entry.user.map(|id| id.to_string()), entry.api_key.map(|id| id.to_string()));
    for text in [FORM, &entry.tenant.to_string(), &sequence.to_string(), previous, &entry.id.to_string()] {
        part(Some(text));
    }
    part(user.as_deref());
    part(key.as_deref());
    part(Some(&entry.action));
    part(Some(&entry.entity));
    part(entry.entity_id.as_deref());
    part(Some(changes));
    part(entry.address.as_deref());
    part(entry.user_agent.as_deref());
    part(entry.request_id.as_deref());
    part(Some(if entry.success { "1" } else { "0" }));
    part(Some(&entry.at.micros().to_string()));
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use domain::{TenantId, Timestamp};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            id: Uuid::from_u128(1),
            tenant: TenantId(Uuid::from_u128(2)),
            user: None,
            api_key: None,
            action: "number.update".to_owned(),
            entity: "number".to_owned(),
            entity_id: None,
            changes: json!({}),
            address: Some("192.0.2.7".to_owned()),
            user_agent: None,
            request_id: None,
            success: true,
            at: Timestamp::from_secs(1),
        }
    }

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let plain = audit_hash(&entry(), "{}", 1, AUDIT_ROOT);
        let moved = AuditEntry { address: None, user_agent: Some("192.0.2.7".to_owned()), ..entry() };
        let joined = AuditEntry { action: "number.updatenumber".to_owned(), entity: String::new(), ..entry() };
        let failed = AuditEntry { success: false, ..entry() };
        for other in [
            audit_hash(&moved, "{}", 1, AUDIT_ROOT),
            audit_hash(&joined, "{}", 1, AUDIT_ROOT),
            audit_hash(&failed, "{}", 1, AUDIT_ROOT),
            audit_hash(&entry(), "{ }", 1, AUDIT_ROOT),
            audit_hash(&entry(), "{}", 2, AUDIT_ROOT),
            audit_hash(&entry(), "{}", 1, &plain),
        ] {
            assert_ne!(other, plain);
        }
        assert_eq!(plain, audit_hash(&entry(), "{}", 1, AUDIT_ROOT));
        assert_eq!(AUDIT_ROOT.len(), plain.len());
    }
}
