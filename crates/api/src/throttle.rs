//! Failed sign-ins wait, and what is rare is noted once. Counted by all processes together.

use std::{net::IpAddr, sync::Arc};

use domain::Timestamp;
use operations::{Counters, SignInLimits, Trier};

use crate::{
    problem::{ApiError, ApiResult},
    seals::Seals,
};

/// Slows down whoever guesses passwords or codes.
pub(crate) struct SignInGuard {
    limits: SignInLimits,
    counters: Arc<dyn Counters>,
    seals: Seals,
}

/// Ended without an answer to whether it was right: it counted for nothing. Or it was wrong.
type Tried<T> = ApiResult<Result<T, ApiError>>;

impl SignInGuard {
    pub(crate) fn new(limits: SignInLimits, counters: Arc<dyn Counters>, seals: Seals) -> Self {
        Self { limits, counters, seals }
    }

    fn trier(&self, account: &str, network: IpAddr) -> Trier {
        let network = network_of(network).to_string();
        Trier { account: self.account(account), network: self.seals.blind("sign-in-network", &network) }
    }

    fn account(&self, account: &str) -> String {
        self.seals.blind("sign-in-account", account)
    }

    /// Lets `work` try unless too many failed: 429. What it answers: the value when it was right, the refusal when it was wrong, an
    /// error when it was neither. Only what was wrong counts; and what was broken off by whoever asked, as nobody knows.
    pub(crate) async fn attempt<T>(
        &self,
        account: &str,
        network: IpAddr,
        now: Timestamp,
        work: impl Future<Output = Tried<T>>,
    ) -> ApiResult<T> {
        let who = self.trier(account, network);
        let begun = self.counters.begin(&who, &self.limits, now).await.map_err(|left| {
            let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
            let message = "Too many failed sign-ins; try again later";
            ApiError { code: "TOO_MANY_ATTEMPTS", ..ApiError::too_many(message, seconds) }
        })?;
        let tried = work.await;
        if let Ok(Err(wrong)) = tried {
            tracing::warn!(account, peer = %network, "auth.login.failed");
            return Err(wrong);
        }
        self.counters.give_back(&who, &begun).await;
        tried?
    }

    /// Whoever signed in begins anew from there.
    pub(crate) async fn succeeded(&self, account: &str, network: IpAddr) {
        self.counters.forget(&self.trier(account, network)).await;
    }

    /// Whoever chose a new password by a link that was sent to them begins anew, from everywhere.
    pub(crate) async fn reset(&self, account: &str) {
        self.counters.forget_account(&self.account(account), &self.limits).await;
    }
}

/// An IPv6 customer has a /64 to choose addresses from, so that is what is counted.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_is_counted_by_its_64() {
        let (one, two) = ("2001:db8::1".parse().unwrap(), "2001:db8::ffff:1".parse().unwrap());
        assert_eq!(network_of(one), network_of(two));
        assert_eq!(network_of("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }
}
