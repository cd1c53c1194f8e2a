//! The table of targets: that of `codegen/targets`, or of the project that `--project` names.

use std::ops::Deref;
use std::slice;

#[cfg(test)]
pub(crate) use mio_targets::all;
pub(crate) use mio_targets::{Group, LeftOut, Os, Target, Version};

use crate::project;

/// The systems that this run reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Systems;

/// The systems that this run reads: those of the project if there is one.
pub(crate) const SYSTEMS: Systems = Systems;

impl Deref for Systems {
    type Target = [Os];

    fn deref(&self) -> &'static [Os] {
        self.all()
    }
}

impl Systems {
    /// All of them.
    pub(crate) fn all(self) -> &'static [Os] {
        project::systems().unwrap_or(mio_targets::SYSTEMS)
    }

    /// Iterates over all of them.
    pub(crate) fn iter(self) -> slice::Iter<'static, Os> {
        self.all().iter()
    }
}

impl IntoIterator for Systems {
    type Item = &'static Os;
    type IntoIter = slice::Iter<'static, Os>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
