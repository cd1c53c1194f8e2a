//! The slab of registrations under any operations, against a map.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;

use arbitrary::Unstructured;

use super::{below, number};
use crate::sys::slab::{Key, Slab};

/// Checked: a key finds its own entry and no other one, the lowest free slot is reused first, and
/// iteration visits each entry once.
#[allow(clippy::map_entry)] // The slab decides whether the entry is inserted.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut slab: Slab<u64> = Slab::default();
    let mut live: HashMap<i32, (Key, u64)> = HashMap::new();
    let mut stale: Vec<Key> = Vec::new();
    let mut free = BTreeSet::new();
    let mut slots = 0;
    let mut last = 0;
    while !input.is_empty() {
        let operation = below(&mut input, 8);
        // Few fds, so that they meet; sometimes any number.
        let fd = match number::<i8>(&mut input) {
            -128 => number::<i32>(&mut input),
            fd => i32::from(fd % 24),
        };
        match operation {
            0..3 => {
                last += 1;
                let reused = free.first().copied();
                let mut previous = None;
                let result = slab.insert(fd, |before| {
                    previous = before.copied();
                    last
                });
                if fd < 0 {
                    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
                } else if live.contains_key(&fd) {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
                } else {
                    let key = result.unwrap();
                    assert_eq!(key.index, reused.unwrap_or(slots));
                    assert_eq!(previous.is_some(), reused.is_some());
                    match reused {
                        Some(index) => assert!(free.remove(&index)),
                        None => slots += 1,
                    }
                    live.insert(fd, (key, last));
                }
            }
            3 => match (live.remove(&fd), slab.find(fd)) {
                (Some((key, value)), Ok(found)) => {
                    assert_eq!(found, key);
                    assert_eq!(slab.remove(key).copied(), Some(value));
                    free.insert(key.index);
                    stale.push(key);
                }
                (None, Err(error)) => assert_eq!(error.kind(), ErrorKind::NotFound),
                (model, found) => panic!("{model:?}, {found:?}"),
            },
            4 => {
                let index = number::<u32>(&mut input);
                let generation = number::<u32>(&mut input);
                let key = Key { index, generation };
                let expected = live.values().find(|(live, _)| *live == key);
                assert_eq!(slab.get(key).copied(), expected.map(|(_, value)| *value));
            }
            5 => {
                if let Some(key) = super::pick(&mut input, &mut stale).copied() {
                    assert!(slab.get(key).is_none() && slab.remove(key).is_none());
                }
            }
            6 => {
                let start = below(&mut input, 40);
                let seen: Vec<_> = slab
                    .iter_from(start)
                    .map(|(key, fd, value)| (fd, (key, *value)))
                    .collect();
                assert_eq!(seen.len(), live.len());
                assert!(seen.iter().all(|(fd, entry)| live.get(fd) == Some(entry)));
                let split = seen.iter().take_while(|(_, (key, _))| {
                    start < slots as usize && key.index as usize >= start
                });
                let split = split.count();
                for part in [&seen[..split], &seen[split..]] {
                    assert!(part.is_sorted_by_key(|(_, (key, _))| key.index));
                }
            }
            _ => {
                let index = number::<u8>(&mut input).into();
                let expected = live.values().find(|(key, _)| key.index == index);
                assert_eq!(slab.key_at(index), expected.map(|(key, _)| *key));
            }
        }
        assert_eq!(slab.len(), slots as usize);
        assert_eq!(slab.is_empty(), live.is_empty());
    }
    for (fd, (key, value)) in live {
        assert_eq!(
            (slab.find(fd).unwrap(), slab.get(key).copied()),
            (key, Some(value))
        );
    }
}
