use domain::{Attestation, TenantId, TrunkId};
use sip::digest::{Algorithm, Ha1};
use std::collections::HashMap;
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

/// The trunks in force: looked up by source address (the longest prefix wins) and by user name.
#[derive(Debug, Default)]
pub struct TrunkTable {
    trunks: Vec<Trunk>,
    /// Longest prefix first; IPv4 and IPv6 do not collide, being different keys.
    by_address: Vec<(u8, HashMap<IpAddr, usize>)>,
    by_username: HashMap<Vec<u8>, usize>,
}

impl TrunkTable {
    /// Where two trunks claim one network or name, the first has it.
    pub fn new(trunks: Vec<Trunk>) -> Self {
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
                table.by_address[level].1.entry(cidr.network).or_insert(index);
            }
            if let Some((username, _)) = &trunk.digest {
                table.by_username.entry(username.clone()).or_insert(index);
            }
        }
        table.by_address.sort_by_key(|(prefix, _)| std::cmp::Reverse(*prefix));
        table
    }

    pub fn by_address(&self, source: IpAddr) -> Option<&Trunk> {
        let bits = if source.is_ipv4() { 32 } else { 128 };
        self.by_address
            .iter()
            .filter(|(prefix, _)| *prefix <= bits)
            .find_map(|(prefix, networks)| networks.get(&mask(source, *prefix)))
            .map(|index| &self.trunks[*index])
    }

    pub fn by_username(&self, username: &[u8]) -> Option<&Trunk> {
        self.by_username.get(username).map(|index| &self.trunks[*index])
    }

    /// Whether a trunk may call from anywhere, so that strangers are worth a challenge.
    pub fn has_roaming(&self) -> bool {
        self.trunks.iter().any(|trunk| trunk.enabled && trunk.addresses.is_empty() && trunk.digest.is_some())
    }

    pub(crate) fn stored(&self, username: &[u8], algorithm: Algorithm) -> Option<Ha1> {
        let (_, hashes) = self.by_username(username)?.digest.as_ref()?;
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
    fn the_longest_prefix_wins() {
        let table = TrunkTable::new(vec![
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
            let found = table.by_address(source.parse().unwrap()).map(|trunk| trunk.id.uuid().as_u128());
            assert_eq!(found, expected, "{source}");
        }
        let everywhere = TrunkTable::new(vec![trunk(1, &["0.0.0.0/0"])]);
        assert!(everywhere.by_address("9.9.9.9".parse().unwrap()).is_some());
        assert!(everywhere.by_address("::1".parse().unwrap()).is_none());
    }

    #[test]
    fn networks() {
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0.0/8"] {
            assert_eq!(bad.parse::<Cidr>(), Err(CidrError), "{bad}");
        }
        assert_eq!("10.1.2.3/8".parse::<Cidr>(), "10.0.0.0/8".parse());
    }
}
