use domain::{Attestation, PhoneNumber, TenantId, TrunkId};
use sip::digest::{Algorithm, Ha1};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

/// Networks and addresses: `203.0.113.0/24`, `2001:db8::/32`, `203.0.113.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or network")]
pub struct CidrError;

impl Cidr {
    /// The network of `prefix` bits around an address.
    ///
    /// # Errors
    /// More bits than the address has.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, CidrError> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix > bits { Err(CidrError) } else { Ok(Cidr { network: mask(address, prefix), prefix }) }
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| CidrError)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError)?;
        Cidr::new(address, prefix.unwrap_or(if address.is_ipv4() { 32 } else { 128 }))
    }
}

fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let keep = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & keep).into())
        }
        IpAddr::V6(v6) => {
            let keep = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & keep).into())
        }
    }
}

/// Who may bring calls.
#[derive(Clone, Debug)]
pub struct Trunk {
    pub id: TrunkId,
    pub tenant: TenantId,
    pub enabled: bool,
    /// Where it calls from. Empty: from anywhere, with a password.
    pub addresses: Vec<Cidr>,
    /// User name and stored hashes, one for each algorithm offered. With addresses too, both are asked for.
    pub digest: Option<(Vec<u8>, Vec<Ha1>)>,
    /// What its calls count as until STIR/SHAKEN says better.
    pub attestation: Attestation,
}

/// The trunks in force: looked up by source address (the longest prefix wins) and by user name. Tenants may have one carrier, and
/// with it networks that are the same or lie in each other: then the call goes to the one whose number was dialled.
#[derive(Debug, Default)]
pub struct TrunkTable {
    trunks: Vec<Trunk>,
    /// Longest prefix first; IPv4 and IPv6 do not collide, being different keys.
    by_address: Vec<(u8, HashMap<IpAddr, Vec<usize>>)>,
    by_username: HashMap<Vec<u8>, Vec<usize>>,
    /// Whose each number is, of tenants who share a network or a user name with another. Nobody else is in doubt.
    owners: HashMap<PhoneNumber, TenantId>,
}

impl TrunkTable {
    /// Where two trunks claim one network or name, the one whose tenant has the number that was dialled gets the call, or else the
    /// first.
    pub fn new(trunks: Vec<Trunk>, numbers: impl IntoIterator<Item = (PhoneNumber, TenantId)>) -> Self {
        let mut table = Self::of(trunks);
        let shared = table.sharing();
        if !shared.is_empty() {
            table.owners = numbers.into_iter().filter(|(_, tenant)| shared.contains(tenant)).collect();
        }
        table
    }

    fn of(trunks: Vec<Trunk>) -> Self {
        let mut table = TrunkTable { trunks, ..TrunkTable::default() };
        for (index, trunk) in table.trunks.iter().enumerate() {
            for cidr in &trunk.addresses {
                let level = match table.by_address.iter().position(|(prefix, _)| *prefix == cidr.prefix) {
                    Some(level) => level,
                    None => {
                        table.by_address.push((cidr.prefix, HashMap::new()));
                        table.by_address.len() - 1
                    }
                };
                table.by_address[level].1.entry(cidr.network).or_default().push(index);
            }
            if let Some((username, _)) = &trunk.digest {
                table.by_username.entry(username.clone()).or_default().push(index);
            }
        }
        table.by_address.sort_by_key(|(prefix, _)| std::cmp::Reverse(*prefix));
        table
    }

    /// Tenants with a network or a user name that another tenant has too.
    fn sharing(&self) -> HashSet<TenantId> {
        let mut shared = HashSet::new();
        let mut note = |trunk: &Trunk, other: &Trunk| {
            if trunk.tenant != other.tenant {
                shared.extend([trunk.tenant, other.tenant]);
            }
        };
        for trunk in &self.trunks {
            for cidr in &trunk.addresses {
                self.holding(cidr.network, cidr.prefix).for_each(|other| note(trunk, other));
            }
            let named = trunk.digest.as_ref().and_then(|(username, _)| self.by_username.get(username));
            named.into_iter().flatten().for_each(|index| note(trunk, &self.trunks[*index]));
        }
        shared
    }

    /// Trunks whose networks hold this one, narrowest first.
    fn holding(&self, network: IpAddr, bits: u8) -> impl Iterator<Item = &Trunk> {
        self.by_address
            .iter()
            .filter(move |(prefix, _)| *prefix <= bits)
            .filter_map(move |(prefix, networks)| networks.get(&mask(network, *prefix)))
            .flatten()
            .map(|index| &self.trunks[*index])
    }

    /// Whether what was dialled may decide: some tenants share a network or a user name.
    pub(crate) fn is_shared(&self) -> bool {
        !self.owners.is_empty()
    }

    fn owner(&self, dialled: Option<&[u8]>) -> Option<TenantId> {
        if self.owners.is_empty() {
            return None;
        }
        let number = PhoneNumber::from_dialled(std::str::from_utf8(dialled?).ok()?).ok()?;
        self.owners.get(&number).copied()
    }

    /// The trunk of a call to this number from this address.
    pub fn by_address(&self, source: IpAddr, dialled: Option<&[u8]>) -> Option<&Trunk> {
        let bits = if source.is_ipv4() { 32 } else { 128 };
        let owner = self.owner(dialled);
        let owners = owner.and_then(|tenant| self.holding(source, bits).find(|trunk| trunk.tenant == tenant));
        owners.or_else(|| self.holding(source, bits).next())
    }

    /// The trunk of a call to this number by this user name.
    pub fn by_username(&self, username: &[u8], dialled: Option<&[u8]>) -> Option<&Trunk> {
        let named = || self.by_username.get(username).into_iter().flatten().map(|index| &self.trunks[*index]);
        let owner = self.owner(dialled);
        owner.and_then(|tenant| named().find(|trunk| trunk.tenant == tenant)).or_else(|| named().next())
    }

    /// Whether a trunk may call from anywhere, so that strangers are worth a challenge.
    pub fn has_roaming(&self) -> bool {
        self.trunks.iter().any(|trunk| trunk.enabled && trunk.addresses.is_empty() && trunk.digest.is_some())
    }

    pub(crate) fn stored(&self, username: &[u8], dialled: Option<&[u8]>, algorithm: Algorithm) -> Option<Ha1> {
        let (_, hashes) = self.by_username(username, dialled)?.digest.as_ref()?;
        hashes.iter().find(|ha1| ha1.algorithm() == algorithm).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn trunk(number: u128, addresses: &[&str]) -> Trunk {
        Trunk {
            id: TrunkId(Uuid::from_u128(number)),
            tenant: TenantId(Uuid::from_u128(100)),
            enabled: true,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            digest: None,
            attestation: Attestation::None,
        }
    }

    #[test]
    fn tenants_with_one_carrier_get_the_calls_of_their_numbers() {
        let tenant = |number: u128| TenantId(Uuid::from_u128(number));
        let of = |owner: u128, id: u128, addresses: &[&str], user: Option<&str>| Trunk {
            tenant: tenant(owner),
            digest: user.map(|user| (user.as_bytes().to_vec(), Vec::new())),
            ..trunk(id, addresses)
        };
        let trunks = vec![
            of(1, 11, &["203.0.113.0/24"], None),
            of(2, 12, &["203.0.113.0/24"], Some("sales")),
            // Narrower than theirs, and yet their calls are not this tenant's.
            of(3, 13, &["203.0.113.7"], Some("sales")),
            of(4, 14, &["198.51.100.0/24"], None),
        ];
        let numbers = [("+12125550101", 1), ("+12125550102", 2), ("+12125550103", 3), ("+12125550104", 4)];
        let numbers = numbers.map(|(number, owner)| (number.parse::<PhoneNumber>().unwrap(), tenant(owner)));
        let table = TrunkTable::new(trunks, numbers);
        assert_eq!(table.owners.len(), 3, "tenant 4 shares with nobody");
        let found = |source: &str, dialled: &str| {
            let trunk = table.by_address(source.parse().unwrap(), Some(dialled.as_bytes()));
            trunk.map(|trunk| trunk.id.uuid().as_u128())
        };
        for (source, dialled, expected) in [
            ("203.0.113.7", "12125550101", Some(11)),
            ("203.0.113.7", "+12125550102", Some(12)),
            ("203.0.113.7", "2125550103", Some(13)),
            ("203.0.113.8", "+12125550102", Some(12)),
            // Nobody's, or somebody's who has no trunk there: as ever.
            ("203.0.113.8", "+19998887777", Some(11)),
            ("203.0.113.7", "+12125550104", Some(13)),
            ("203.0.113.7", "sales", Some(13)),
            ("198.51.100.1", "+12125550101", Some(14)),
            ("192.0.2.1", "+12125550101", None),
        ] {
            assert_eq!(found(source, dialled), expected, "{source} {dialled}");
        }
        let named = |dialled: &[u8]| table.by_username(b"sales", Some(dialled)).map(|trunk| trunk.id.uuid().as_u128());
        assert_eq!([named(b"+12125550103"), named(b"+12125550102"), named(b"?")], [Some(13), Some(12), Some(12)]);
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = TrunkTable::of(vec![
            trunk(1, &["10.0.0.0/8", "2001:db8::/32"]),
            trunk(2, &["10.1.0.0/16"]),
            trunk(3, &["10.1.2.3"]),
        ]);
        for (source, expected) in [
            ("10.9.9.9", Some(1)),
            ("10.1.9.9", Some(2)),
            ("10.1.2.3", Some(3)),
            ("11.0.0.1", None),
            ("2001:db8::5", Some(1)),
            ("2001:db9::5", None),
        ] {
            let found = table.by_address(source.parse().unwrap(), None).map(|trunk| trunk.id.uuid().as_u128());
            assert_eq!(found, expected, "{source}");
        }
        let everywhere = TrunkTable::of(vec![trunk(1, &["0.0.0.0/0"])]);
        assert!(everywhere.by_address("9.9.9.9".parse().unwrap(), None).is_some());
        assert!(everywhere.by_address("::1".parse().unwrap(), None).is_none());
    }

    #[test]
    fn networks() {
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0.0/8"] {
            assert_eq!(bad.parse::<Cidr>(), Err(CidrError), "{bad}");
        }
        assert_eq!("10.1.2.3/8".parse::<Cidr>(), "10.0.0.0/8".parse());
    }
}
