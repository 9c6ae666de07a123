//! One JSON object a line.

use super::Row;
use crate::time::Ttl;
use serde_json::Value;

pub(crate) fn lines(rows: &[Row]) -> String {
    rows.iter().map(|row| object(&members(row)) + "\n").collect()
}

fn members(row: &Row) -> [(&'static str, Value); 21] {
    let tally = &row.tally;
    [
        ("trace", row.trace.as_str().into()),
        ("cache", row.setup.kind.name().into()),
        ("capacity", row.setup.capacity.into()),
        ("requests", tally.requests.into()),
        ("distinct", row.distinct.into()),
        ("hits", tally.counts.hits.into()),
        ("misses", tally.counts.misses.into()),
        ("hit_ratio", rounded(row.hit_ratio(), 1e6)),
        ("resident", tally.resident.into()),
        ("evicted", tally.cache.evicted.into()),
        ("ns_per_request", rounded(row.nanoseconds_per_request(), 1e1)),
        ("pool_high_water", tally.pool.high_water.into()),
        ("pool_exhausted", tally.pool.exhausted.into()),
        ("threads", row.setup.threads.into()),
        ("ttl", row.setup.ttl.map_or(Value::Null, seconds)),
        ("expired", tally.cache.expired.into()),
        ("rejected", tally.counts.rejected.into()),
        ("live", tally.tracker.live.into()),
        ("cleaned", tally.tracker.untracked.into()),
        ("leaked", tally.leaked().into()),
        ("sweeps", tally.tracker.sweeps.as_slice().into()),
    ]
}

fn seconds(ttl: Ttl) -> Value {
    match ttl {
        Ttl::Own => "own".into(),
        Ttl::Of(time) => time.as_secs_f64().into(),
    }
}

/// Cut to what the figure is good for.
fn rounded(figure: f64, steps: f64) -> Value {
    ((figure * steps).round() / steps).into()
}

/// Members in the order given, which a map would not keep.
fn object(members: &[(&str, Value)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
