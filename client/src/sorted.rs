//! Small sorted collections: compiled for a page they are a fraction of the size of the standard ones.
//!
//! They keep their entries in one vector: a lookup is a binary search, and a greatest key, as of an event, is appended.

use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        // Most keys are greater than all that are there.
        if self.entries.last().is_none_or(|(last, _)| last < key) {
            return Err(self.entries.len());
        }
        self.entries.binary_search_by(|(other, _)| other.cmp(key))
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.entries[at].1)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.entries[at].1)
    }

    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Returns the previous value.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.entries.insert(at, (key, make()));
                at
            }
        };
        &mut self.entries[at].1
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.find(key).ok().map(|at| self.entries.remove(at).1)
    }

    /// Removes all keys that are less than this one.
    pub fn remove_below(&mut self, key: &K) {
        self.entries.drain(..self.place(key));
    }

    /// Removes all keys that are greater than this one.
    pub fn remove_above(&mut self, key: &K) {
        let end = self.find(key).map_or_else(|at| at, |at| at + 1);
        self.entries.truncate(end);
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.entries.last().map(|(key, value)| (key, value))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// How many keys are less than this one.
    pub fn place(&self, key: &K) -> usize {
        self.find(key).unwrap_or_else(|at| at)
    }

    /// The entries from this place on.
    pub fn from_place(&self, place: usize) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.entries[place.min(self.entries.len())..].iter().map(|(key, value)| (key, value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedSet<K> {
    keys: Vec<K>,
}

impl<K> Default for SortedSet<K> {
    fn default() -> Self {
        Self { keys: Vec::new() }
    }
}

impl<K: Ord> SortedSet<K> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether the key is new.
    pub fn insert(&mut self, key: K) -> bool {
        match self.keys.binary_search(&key) {
            Ok(_) => false,
            Err(at) => {
                self.keys.insert(at, key);
                true
            }
        }
    }

    pub fn first(&self) -> Option<&K> {
        self.keys.first()
    }

    pub fn remove(&mut self, key: &K) {
        self.keys.retain(|other| other != key);
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.keys.binary_search(key).is_ok()
    }

    pub fn clear(&mut self) {
        self.keys.clear();
    }
}

impl<K: Ord> Extend<K> for SortedSet<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for SortedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl<K> IntoIterator for SortedSet<K> {
    type Item = K;
    type IntoIter = std::vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

/// A stable insertion sort, for short or nearly sorted lists.
pub fn sort_by<T>(list: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    for end in 1..list.len() {
        let (sorted, rest) = list.split_at(end);
        if order(&sorted[end - 1], &rest[0]) == Ordering::Greater {
            let at = sorted.partition_point(|other| order(other, &rest[0]) != Ordering::Greater);
            list[at..=end].rotate_right(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::{SortedMap, SortedSet, sort_by};

    proptest! {
        #[test]
        fn map_and_set_behave_like_the_standard_ones(steps in prop::collection::vec((0..4_u8, 0..20_u8, any::<u8>()), 0..60)) {
            let (mut map, mut set) = (SortedMap::new(), SortedSet::new());
            let (mut expected, mut expected_set) = (BTreeMap::new(), BTreeSet::new());
            for (step, key, value) in steps {
                match step {
                    0 => {
                        prop_assert_eq!(map.remove(&key), expected.remove(&key));
                        set.remove(&key);
                        expected_set.remove(&key);
                        prop_assert_eq!((set.len(), set.first()), (expected_set.len(), expected_set.first()));
                    }
                    1 if value < 16 => {
                        map.remove_below(&key);
                        expected = expected.split_off(&key);
                    }
                    2 if value < 16 => {
                        map.retain(|_, other| *other > value);
                        expected.retain(|_, other| *other > value);
                    }
                    _ => {
                        prop_assert_eq!(map.insert(key, value), expected.insert(key, value));
                        prop_assert_eq!(set.insert(key), expected_set.insert(key));
                    }
                }
                prop_assert_eq!(map.get(&key), expected.get(&key));
                prop_assert_eq!(set.contains(&key), expected_set.contains(&key));
                prop_assert_eq!(map.last_key_value(), expected.last_key_value());
                prop_assert!(map.iter().eq(expected.iter()));
                prop_assert_eq!((map.len(), map.is_empty()), (expected.len(), expected.is_empty()));
            }
            prop_assert!(set.into_iter().eq(expected_set));
        }

        #[test]
        fn sorting_is_the_standard_stable_one(mut list in prop::collection::vec((0..9_u8, any::<u8>()), 0..40)) {
            let mut expected = list.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by(&mut list, |(a, _), (b, _)| a.cmp(b));
            prop_assert_eq!(list, expected);
        }
    }
}
