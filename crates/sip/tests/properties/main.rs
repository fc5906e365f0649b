//! What holds for any bytes, not only for those somebody thought of.

#[cfg(test)]
mod differential;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod parsers;
