//! The seam to the generated bindings: nothing else names `generated`.

pub(crate) use crate::generated::*;
