//! People to call, or who called.

use domain::{CampaignId, LeadId, PhoneNumber, TenantId, Timestamp, UserId};

use crate::{Entity, text_enum::text_enum};

text_enum! {
    /// Where a lead stands: what people say of it, and what became of the last try to call it.
    LeadStatus {
        /// Never called.
        New = "NEW",
        /// Spoken with.
        Contacted = "CONTACTED",
        /// Worth selling.
        Qualified = "QUALIFIED",
        /// Sold.
        Converted = "CONVERTED",
        /// Not to be won.
        Lost = "LOST",
        /// Must not be called.
        DoNotCall = "DO_NOT_CALL",
        /// To be called again.
        Recycled = "RECYCLED",
        /// Being called.
        Dialing = "DIALING",
        /// On the phone.
        InCall = "IN_CALL",
        /// Handed to an agent.
        Transferred = "TRANSFERRED",
        /// Said no.
        NotInterested = "NOT_INTERESTED",
        /// Said nothing.
        NoResponse = "NO_RESPONSE",
        /// Said something else.
        Other = "OTHER",
        /// Could not be called.
        Failed = "FAILED",
    }
}

/// Somebody to call, or who called.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// Id.
    pub id: LeadId,
    /// Whose.
    pub tenant: TenantId,
    /// E.164. Unique in the tenant.
    pub phone: PhoneNumber,
    /// The campaign it is called for.
    pub campaign: Option<CampaignId>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The whole name, where it is not first and last.
    pub full_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// Postal code.
    pub zip_code: Option<String>,
    /// ISO 3166 code of two letters.
    pub country: Option<String>,
    /// Where it came from.
    pub lead_source: Option<String>,
    /// Where a lead stands.
    pub status: LeadStatus,
    /// Higher is called earlier.
    pub priority: i32,
    /// The tenant's own fields.
    pub custom_fields: serde_json::Value,
    /// What people wrote.
    pub notes: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Who looks after it.
    pub assigned_to: Option<UserId>,
    /// When it last spoke with us.
    pub last_contacted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Narrows a list of leads.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Only these.
    pub status: Option<LeadStatus>,
    /// Only this campaign's.
    pub campaign: Option<CampaignId>,
    /// Only those this user looks after.
    pub assigned_to: Option<UserId>,
    /// Only these numbers; all where it is empty.
    pub phones: Vec<PhoneNumber>,
    /// Only those with this label.
    pub tag: Option<String>,
    /// Part of a name, the number, the e-mail address or the company.
    pub search: Option<String>,
}

impl Entity for Lead {
    type Id = LeadId;
    type Filter = LeadFilter;
    const NAME: &'static str = "lead";
    const ORDERS: &'static [&'static str] =
        &["-createdAt", "updatedAt", "phoneNumber", "lastName", "status", "priority", "lastContactedAt"];
}
