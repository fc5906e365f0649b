//! The edge as its neighbours see it: carriers and strangers outside, two switches inside.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outbound;
