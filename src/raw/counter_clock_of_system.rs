//! The system's clock itself, on processors of which no counter is known.

pub(crate) use super::system_clock::exact as now;
