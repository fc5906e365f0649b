//! Millions of numbers in little memory (docs/adr/0156).

use roaring::RoaringTreemap;

use crate::Digits;

/// A set of numbers: a compressed bitmap, some two bytes for each of millions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberSet(RoaringTreemap);

impl NumberSet {
    /// Is it in the set?
    pub fn contains(&self, number: Digits) -> bool {
        self.0.contains(number.get())
    }

    /// Adds; true when it was not in it.
    pub fn insert(&mut self, number: Digits) -> bool {
        self.0.insert(number.get())
    }

    /// Takes out; true when it was in it.
    pub fn remove(&mut self, number: Digits) -> bool {
        self.0.remove(number.get())
    }

    /// Adds numbers in rising order, each greater than all that are in it, faster than one by one; answers how many were, from the
    /// first that is not greater on, left out.
    pub fn append(&mut self, rising: impl IntoIterator<Item = Digits>) -> u64 {
        let (mut given, before) = (0, self.0.len());
        let counted = rising.into_iter().map(|number| {
            given += 1;
            number.get()
        });
        // What does not fit is counted by the difference.
        let _ = self.0.append(counted);
        given - (self.0.len() - before)
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes as written out: near to what it holds in memory, but for some 40 bytes for each block of 65,536 numbers in use.
    pub fn serialized_bytes(&self) -> usize {
        self.0.serialized_size()
    }
}

impl FromIterator<Digits> for NumberSet {
    fn from_iter<T: IntoIterator<Item = Digits>>(numbers: T) -> Self {
        Self(numbers.into_iter().map(Digits::get).collect())
    }
}
