//! What is to be seen of a program's memory, and what is done when there is little of it.

pub(crate) mod event;
pub(crate) mod open_metrics;
pub(crate) mod part;
pub(crate) mod parts;
pub(crate) mod path;
pub(crate) mod reading;
pub(crate) mod registry;
pub(crate) mod rounds;
pub(crate) mod snapshot;
mod table;
