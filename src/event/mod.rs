//! Events, the buffer that holds them, and the trait of their sources.

#[allow(clippy::module_inception)]
mod event;
mod events;
mod source;

pub use event::Event;
pub use events::{Events, Iter};
pub use source::Source;
